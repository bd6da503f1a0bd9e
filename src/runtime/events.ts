import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../client/client.ts";
import { ApiError } from "../client/errors.ts";
import { events } from "../kube/builtin.ts";
import type { Event } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { EventIntent } from "../kube/plan.ts";
import { apiVersionOf } from "../kube/resources.ts";
import type { ResourceType } from "../kube/resources.ts";
import type { Log } from "./log.ts";

export interface EventRecorderOptions {
  client: Pick<Client, "create" | "patch">;
  /** A qualified name such as `example.com/operator`. */
  reportingController: string;
  /** Which process, e.g. the pod's name; at most 128 characters. */
  reportingInstance: string;
  log: Log;
  /** Called for each event that is not written, with why. */
  dropped?: (why: "rate" | "overflow" | "failed") => void;
  /** How often the count of a repeated event is written at most. */
  seriesEveryMs?: number;
  now?: () => Date;
}

export interface EventRecorder {
  /** Notes an event, to be written soon. Never throws and never waits. */
  record(type: ResourceType, regarding: KubeObject, event: EventIntent): void;
  /** Resolves when everything noted so far is written or given up. */
  flush(): Promise<void>;
  /** Writes what is left, for at most `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** An event that was recorded, and how often it has happened since. */
interface Series {
  namespace: string;
  name: string;
  count: number;
  countWritten: number;
  lastAt: Date;
}

/** How many events one object may still have; fills up again with time. */
interface Allowance {
  left: number;
  at: number;
}

const MAX_NOTE_BYTES = 1_024;
const SERIES_KEPT_MS = 10 * 60_000;
const MAX_SERIES = 4_096;
const BURST_PER_OBJECT = 25;
const REFILL_MS = 30_000;
const MAX_PENDING = 4_096;
const ATTEMPTS = 3;

/**
 * Writes events.k8s.io/v1 events beside the reconciles: equal ones as one with a count, one after the other, so
 * that an API server with much to do is asked for what must be done rather than for what is reported about it.
 */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new BatchedRecorder(options);
}

class BatchedRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #allowances = new Map<string, Allowance>();
  readonly #giveUp = new AbortController();
  #pending: (() => Promise<void>)[] = [];
  #isSending = false;
  #whenIdle: (() => void)[] = [];
  #seriesTimer: NodeJS.Timeout | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(type: ResourceType, regarding: KubeObject, event: EventIntent): void {
    const now = this.#now();
    const { uid = "", namespace, name = "" } = regarding.metadata;
    const key = [uid, event.type, event.reason, event.action, event.note].join("\u0000");
    const known = this.#series.get(key);
    if (known !== undefined && now.getTime() - known.lastAt.getTime() < SERIES_KEPT_MS) {
      known.count += 1;
      known.lastAt = now;
      this.#armSeries();
      return;
    }
    if (!this.#allow(uid, now.getTime())) {
      this.#options.dropped?.("rate");
      return;
    }
    const series: Series = {
      namespace: namespace ?? "default",
      name: `${name.slice(0, 200)}.${randomBytes(8).toString("hex")}`,
      count: 1,
      countWritten: 1,
      lastAt: now,
    };
    this.#remember(key, series);
    const object = this.#eventObject(type, regarding, event, series);
    this.#send(async () => void (await this.#options.client.create(events, object, this.#signal())));
  }

  async flush(): Promise<void> {
    this.#writeSeries();
    if (!this.#isSending) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async stop(graceMs = 5_000): Promise<void> {
    const timer = setTimeout(() => {
      this.#pending = [];
      this.#giveUp.abort();
    }, graceMs);
    await this.flush();
    clearTimeout(timer);
    clearTimeout(this.#seriesTimer);
    this.#seriesTimer = undefined;
  }

  #now(): Date {
    return this.#options.now?.() ?? new Date();
  }

  #signal(): { signal: AbortSignal } {
    return { signal: this.#giveUp.signal };
  }

  #remember(key: string, series: Series): void {
    this.#series.delete(key);
    this.#series.set(key, series);
    if (this.#series.size <= MAX_SERIES) return;
    const [oldest] = this.#series.keys();
    if (oldest !== undefined) this.#series.delete(oldest);
  }

  #allow(uid: string, now: number): boolean {
    const before = this.#allowances.get(uid) ?? { left: BURST_PER_OBJECT, at: now };
    const left = Math.min(BURST_PER_OBJECT, before.left + (now - before.at) / REFILL_MS);
    this.#allowances.delete(uid);
    this.#allowances.set(uid, { left: left >= 1 ? left - 1 : left, at: now });
    if (this.#allowances.size > MAX_SERIES) {
      const [oldest] = this.#allowances.keys();
      if (oldest !== undefined) this.#allowances.delete(oldest);
    }
    return left >= 1;
  }

  #eventObject(type: ResourceType, regarding: KubeObject, event: EventIntent, series: Series): Event {
    const { namespace, name, uid, resourceVersion } = regarding.metadata;
    return {
      metadata: { name: series.name, namespace: series.namespace },
      eventTime: microTime(series.lastAt),
      reportingController: this.#options.reportingController,
      reportingInstance: this.#options.reportingInstance.slice(0, 128),
      action: event.action,
      reason: event.reason,
      type: event.type,
      note: cutBytes(event.note, MAX_NOTE_BYTES),
      regarding: {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        ...(namespace !== undefined && { namespace }),
        ...(name !== undefined && { name }),
        ...(uid !== undefined && { uid }),
        ...(resourceVersion !== undefined && { resourceVersion }),
      },
    };
  }

  #armSeries(): void {
    if (this.#seriesTimer !== undefined) return;
    this.#seriesTimer = setTimeout(() => this.#writeSeries(), this.#options.seriesEveryMs ?? 60_000);
    this.#seriesTimer.unref();
  }

  #writeSeries(): void {
    clearTimeout(this.#seriesTimer);
    this.#seriesTimer = undefined;
    for (const [key, series] of this.#series) {
      if (series.count > series.countWritten) this.#sendCount(key, series);
      else if (this.#now().getTime() - series.lastAt.getTime() > SERIES_KEPT_MS) this.#series.delete(key);
    }
  }

  #sendCount(key: string, series: Series): void {
    const { namespace, name, count, lastAt } = series;
    series.countWritten = count;
    const patch = { series: { count, lastObservedTime: microTime(lastAt) } };
    this.#send(async () => {
      try {
        await this.#options.client.patch(events, { namespace, name }, patch, this.#signal());
      } catch (error) {
        // Events expire; the next occurrence is a new one.
        if (error instanceof ApiError && error.code === 404) this.#series.delete(key);
        else throw error;
      }
    });
  }

  #send(write: () => Promise<void>): void {
    this.#pending.push(write);
    if (this.#pending.length > MAX_PENDING) {
      this.#pending.shift();
      this.#options.dropped?.("overflow");
    }
    if (!this.#isSending) void this.#sendPending();
  }

  async #sendPending(): Promise<void> {
    this.#isSending = true;
    for (let write = this.#pending.shift(); write !== undefined; write = this.#pending.shift()) {
      await this.#attempt(write);
    }
    this.#isSending = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    const { signal } = this.#giveUp;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await write();
        return;
      } catch (error) {
        const passing =
          error instanceof ApiError && (error.code === 0 || error.code === 429 || error.code >= 500);
        if (!passing || attempt === ATTEMPTS || signal.aborted) {
          this.#options.dropped?.("failed");
          this.#options.log.debug({ error }, "an event could not be written");
          return;
        }
        const pauseMs = Math.max((error.retryAfterSeconds ?? 0) * 1_000, 500 * attempt);
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

/** meta/v1 MicroTime: six decimals, no fewer. */
function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

/** The text within a limit of bytes, never cut inside a character. */
function cutBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= limit) return text;
  let end = limit - Buffer.byteLength("…");
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString("utf8", 0, end)}…`;
}
