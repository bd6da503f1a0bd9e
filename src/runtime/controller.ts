import { setMaxListeners } from "node:events";
import type { KubeObject } from "../kube/objects.ts";
import type { Requeue } from "../kube/plan.ts";
import type { Log } from "./log.ts";
import { OwnWrites } from "../client/cache/own-writes.ts";
import { WorkQueue } from "./queue.ts";
import type { QueueObserver } from "./queue.ts";
import type { Change, Reflector } from "../client/cache/reflector.ts";
import { decideRetry, failureReason } from "./retry.ts";

/** One reconcile of one key. */
export interface ReconcileContext {
  /** Why it runs: what changed, at most four reasons. */
  reasons: readonly string[];
  /** Aborts when the process stops and does not wait any longer. */
  signal: AbortSignal;
  /** To be given to `put` of own writes, so that their echo does not bring this key back into the queue. */
  origin: OwnWrites;
  /** Lets keys whose objects are new begin first, in this one's place; resolves when it may go on. */
  giveWay: () => Promise<void>;
}

/** A change that concerns a key. */
export interface Trigger {
  /** Such as `Job changed`. */
  reason: string;
  /** Of the changed object; undefined for one that is gone. */
  resourceVersion: string | undefined;
  /** Who made the change, if that was by `put`. */
  origin: unknown;
  /** The key's own object has come into being: nobody has seen anything happen for it yet. */
  isNew: boolean;
}

/** Something whose changes bring keys into a controller's queue. */
export interface Source {
  readonly synced: Promise<void>;
  subscribe(listener: (key: string, trigger: Trigger) => void): () => void;
}

/** Told how reconciles end; `outcome` is `done`, `NotLeading`, `Bug`, or an API reason. */
export interface ControllerObserver {
  queue: QueueObserver;
  reconciled(outcome: string, seconds: number): void;
}

export interface ControllerOptions {
  name: string;
  sources: readonly Source[];
  reconcile: (key: string, context: ReconcileContext) => Promise<{ requeue: Requeue }>;
  log: Log;
  /** Keys that are reconciled at the same time; each one mostly waits for the API server. */
  concurrency?: number;
  /** A slow look at everything, in case a change was missed. `keys` says what is worth it. */
  recheck?: { everyMs: number; keys: () => Iterable<string> };
  observer?: ControllerObserver;
}

export interface Controller {
  readonly name: string;
  /** Brings a key into the queue from outside its sources. */
  enqueue(key: string, reason: string, afterMs?: number): void;
  /** Waits for the sources' caches and then reconciles, until `stop`. Until then keys are only gathered. */
  start(): Promise<void>;
  /** Stops taking keys, waits for the reconciles under way; after `graceMs` they are asked to give up. */
  stop(graceMs?: number): Promise<void>;
  /** Resolves when nothing is waiting to be reconciled now. */
  idle(): Promise<void>;
}

/** Brings the keys of changed objects into their controller's queue. */
export function objectSource<T extends KubeObject, K extends KubeObject>(reflector: Reflector<T, K>): Source {
  return sourceOf(reflector, ({ key }) => [key], true);
}

/** Brings the keys that `keysOf` finds in each change of another kind into a controller's queue. */
export function watchSource<T extends KubeObject, K extends KubeObject>(
  reflector: Reflector<T, K>,
  keysOf: (change: Change<K>) => Iterable<string>,
): Source {
  return sourceOf(reflector, keysOf, false);
}

function sourceOf<T extends KubeObject, K extends KubeObject>(
  reflector: Reflector<T, K>,
  keysOf: (change: Change<K>) => Iterable<string>,
  isOwn: boolean,
): Source {
  const { kind } = reflector.type;
  return {
    synced: reflector.synced,
    subscribe: (listener) =>
      reflector.onChange((change) => {
        const what = change.old === undefined ? "added" : change.new === undefined ? "deleted" : "changed";
        const trigger = {
          reason: `${kind} ${what}`,
          resourceVersion: change.new?.metadata.resourceVersion,
          origin: change.origin,
          isNew: isOwn && what === "added",
        };
        for (const key of keysOf(change)) listener(key, trigger);
      }),
  };
}

/** A loop that reconciles keys: each one alone, many side by side, again after failures. */
export function createController(options: ControllerOptions): Controller {
  return new ReconcileLoop(options);
}

class ReconcileLoop implements Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  /** What runs, with the changes that came meanwhile: a watch may report our own write before its answer is here. */
  readonly #running = new Map<string, { own: OwnWrites; triggers: Trigger[] }>();
  readonly #giveUp = new AbortController();
  readonly #unsubscribe: (() => void)[];
  #recheckTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    setMaxListeners(0, this.#giveUp.signal);
    this.#queue = new WorkQueue({
      concurrency: options.concurrency ?? 128,
      run: (key, reasons, giveWay) => this.#run(key, reasons, giveWay),
      ...(options.observer !== undefined && { observer: options.observer.queue }),
    });
    this.#unsubscribe = options.sources.map((source) =>
      source.subscribe((key, trigger) => {
        const running = this.#running.get(key);
        if (running === undefined) this.#queue.add(key, trigger.reason, trigger.isNew);
        else if (trigger.origin !== running.own) running.triggers.push(trigger);
      }),
    );
  }

  enqueue(key: string, reason: string, afterMs = 0): void {
    this.#queue.addAfter(key, afterMs, reason);
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async start(): Promise<void> {
    await Promise.all(this.#options.sources.map((source) => source.synced));
    if (this.#stopped) return;
    this.#queue.start();
    this.#scheduleRecheck();
  }

  async stop(graceMs = 10_000): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#recheckTimer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    const timer = setTimeout(() => this.#giveUp.abort(new Error("the process is stopping")), graceMs);
    await this.#queue.stop();
    clearTimeout(timer);
  }

  async #run(key: string, reasons: readonly string[], giveWay: () => Promise<void>): Promise<void> {
    const { name, reconcile, observer, log } = this.#options;
    const own = new OwnWrites();
    const triggers: Trigger[] = [];
    this.#running.set(key, { own, triggers });
    const startedAt = performance.now();
    let outcome = "done";
    try {
      const context = { reasons, signal: this.#giveUp.signal, origin: own, giveWay };
      const { requeue } = await reconcile(key, context);
      this.#queue.forget(key);
      if (requeue !== "onChange") this.#queue.addAfter(key, requeue.afterMs, "time");
      const ms = Math.round(performance.now() - startedAt);
      log.debug({ controller: name, key, reasons, ms, requeue }, "reconciled");
    } catch (error) {
      outcome = failureReason(error);
      this.#retry(key, error, reasons);
    } finally {
      this.#running.delete(key);
      for (const { reason, resourceVersion } of triggers) {
        if (!own.has(resourceVersion)) this.#queue.add(key, reason);
      }
    }
    observer?.reconciled(outcome, (performance.now() - startedAt) / 1_000);
  }

  #retry(key: string, error: unknown, reasons: readonly string[]): void {
    const log = this.#options.log.child({ controller: this.name, key });
    if (this.#stopped) {
      log.info({ error, reasons }, "a reconcile was cut off by the stop; the next start takes it up");
      return;
    }
    const retry = decideRetry(error, this.#queue.failures(key));
    const reason = `again after ${failureReason(error)}`;
    switch (retry.when) {
      case "now":
        this.#queue.addAgain(key, reason);
        log.debug({ error, reasons }, "reconciled from an outdated state; again at once");
        return;
      case "backoff": {
        const afterMs = Math.round(this.#queue.addWithBackoff(key, reason, retry));
        const level = failureReason(error) === "Bug" ? "error" : "warn";
        log[level]({ error, reasons, afterMs }, "reconcile failed; again after a pause");
        return;
      }
      case "later":
        this.#queue.addAfter(key, retry.afterMs * (1 + Math.random() / 10), reason);
        log.error({ error, reasons, afterMs: retry.afterMs }, "reconcile was refused; again much later");
        return;
      case "never":
        this.#queue.forget(key);
        log.info({ error, reasons }, "reconcile given up");
    }
  }

  #scheduleRecheck(): void {
    const { recheck } = this.#options;
    if (recheck === undefined) return;
    const afterMs = recheck.everyMs * (0.9 + Math.random() / 5);
    this.#recheckTimer = setTimeout(() => {
      // Spread over the time until the next one, so that the server never sees them all at once.
      for (const key of recheck.keys()) {
        this.#queue.addAfter(key, Math.random() * recheck.everyMs * 0.9, "recheck");
      }
      this.#scheduleRecheck();
    }, afterMs);
    this.#recheckTimer.unref();
  }
}
