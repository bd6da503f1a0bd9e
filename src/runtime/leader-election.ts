import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { watchResource } from "../client/watch.ts";
import { leases } from "../kube/builtin.ts";
import type { Lease } from "../kube/builtin.ts";
import type { Log } from "./log.ts";
import { NotLeadingError } from "./retry.ts";

export interface LeaderElectionOptions {
  client: Pick<Client, "list" | "getStream" | "get" | "create" | "replace">;
  namespace: string;
  name: string;
  /** Unique for each process. */
  identity: string;
  log: Log;
  /** How long others wait after the last renewal before they take over. Whole seconds. */
  leaseDurationMs?: number;
  /** How long renewals may fail before this process stops leading. Less than the lease's duration. */
  renewDeadlineMs?: number;
  retryPeriodMs?: number;
  /** A monotonic clock in milliseconds; it must go on while the process is stopped. */
  monotonicNow?: () => number;
}

export interface LeaderElection {
  /** Resolves when this process leads for the first time. */
  readonly acquired: Promise<void>;
  /** Resolves, with why, when it has stopped leading without being asked to. */
  readonly lost: Promise<string>;
  isLeading(): boolean;
  /** Throws NotLeadingError unless this process leads at this moment; to be called before each write. */
  permit(): void;
  start(): void;
  /** Gives the lease back, so that another process takes over at once. */
  stop(): Promise<void>;
}

/**
 * Leadership by a coordination.k8s.io Lease. Times of other processes are never compared with our
 * clock: a lease is over when it has not changed for its duration as seen from here. A leader
 * counts its own time from before each request, so it has stopped before anyone can take over.
 */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new LeaseElection(options);
}

/** A lease as last read, and when it was first seen in this state. */
interface Observed {
  lease: Lease;
  since: number;
}

class LeaseElection implements LeaderElection {
  readonly acquired: Promise<void>;
  readonly lost: Promise<string>;
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #acquire: () => void;
  readonly #lose: (why: string) => void;
  #observed: Observed | undefined;
  /** Until when we lead: counted from before the last successful write of the lease. */
  #leadsUntil = -Infinity;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    this.#now = options.monotonicNow ?? (() => performance.now());
    if (this.#renewDeadlineMs >= this.#leaseDurationMs || this.#retryPeriodMs >= this.#renewDeadlineMs)
      throw new Error("leader election needs retryPeriodMs < renewDeadlineMs < leaseDurationMs");
    const acquired = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<string>();
    this.acquired = acquired.promise;
    this.lost = lost.promise;
    this.#acquire = acquired.resolve;
    this.#lose = lost.resolve;
  }

  isLeading(): boolean {
    return this.#now() < this.#leadsUntil;
  }

  permit(): void {
    if (!this.isLeading()) throw new NotLeadingError();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
    if (this.isLeading()) await this.#release();
    this.#leadsUntil = -Infinity;
  }

  async #run(): Promise<void> {
    const { identity, log } = this.#options;
    if (!(await this.#waitUntilAcquired())) return;
    log.info({ identity }, "leading");
    this.#acquire();
    const why = await this.#renewWhileLeading();
    if (why === undefined) return;
    this.#leadsUntil = -Infinity;
    log.error({ identity, why }, "no longer leading");
    this.#lose(why);
  }

  /** False when stopped first. */
  async #waitUntilAcquired(): Promise<boolean> {
    const watching = new AbortController();
    const followed = this.#followLease(watching.signal);
    try {
      while (!this.#stop.signal.aborted) {
        if (await this.#tryAcquire()) return !this.#stop.signal.aborted;
        await this.#waitForChange(this.#jittered(this.#waitMs()));
      }
      return false;
    } finally {
      watching.abort();
      await followed;
    }
  }

  /** Sees a lease that is given back in the moment it happens; if the watch fails, time decides. */
  async #followLease(signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const options = { namespace, fieldSelector: `metadata.name=${name}`, signal };
    for await (const event of watchResource(client, leases, options)) {
      if (event.kind === "upsert") this.#observe(event.object);
      if (event.kind === "delete" && event.object.metadata.name === name) this.#observed = undefined;
      const free = this.#observed === undefined || !this.#observed.lease.spec?.holderIdentity;
      if ((event.kind === "upsert" || event.kind === "delete") && free) this.#wake();
    }
  }

  async #waitForChange(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Until the lease may have run out, but never longer than its own duration. */
  #waitMs(): number {
    if (this.#observed === undefined) return this.#retryPeriodMs;
    if (!this.#observed.lease.spec?.holderIdentity) return 0;
    const left = this.#observed.since + durationMs(this.#observed.lease) - this.#now();
    return Math.max(this.#retryPeriodMs / 10, Math.min(left, this.#leaseDurationMs));
  }

  #jittered(ms: number): number {
    return ms + Math.random() * this.#retryPeriodMs * 0.2;
  }

  #observe(lease: Lease): void {
    if (this.#observed?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
    this.#observed = { lease, since: this.#now() };
  }

  async #tryAcquire(): Promise<boolean> {
    try {
      if (this.#observed === undefined) {
        const lease = await this.#read();
        if (lease === undefined) return await this.#create();
        this.#observe(lease);
      }
      return await this.#takeOver();
    } catch (error) {
      if (isApiError(error, "Conflict") || isApiError(error, "AlreadyExists")) this.#observed = undefined;
      else if (!this.#stop.signal.aborted)
        this.#options.log.warn({ error }, "the lease could not be read or taken");
      return false;
    }
  }

  async #read(): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(leases, { namespace, name }, this.#deadline());
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  async #create(): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const startedAt = this.#now();
    const lease = { metadata: { name, namespace }, spec: this.#spec(undefined) };
    this.#lead(await client.create(leases, lease, this.#deadline()), startedAt);
    return true;
  }

  /** Takes a lease that is free, run out or our own from before; false while another holds it. */
  async #takeOver(): Promise<boolean> {
    const observed = this.#observed;
    if (observed === undefined) return false;
    const holder = observed.lease.spec?.holderIdentity;
    const over = this.#now() >= observed.since + durationMs(observed.lease);
    if (holder && holder !== this.#options.identity && !over) return false;
    await this.#write(observed.lease);
    return true;
  }

  async #write(before: Lease): Promise<void> {
    const startedAt = this.#now();
    const lease: Lease = { ...before, spec: this.#spec(before) };
    this.#lead(await this.#options.client.replace(leases, lease, this.#deadline()), startedAt);
  }

  #lead(lease: Lease, startedAt: number): void {
    this.#observe(lease);
    this.#leadsUntil = startedAt + this.#renewDeadlineMs;
  }

  #spec(before: Lease | undefined): NonNullable<Lease["spec"]> {
    const { identity } = this.#options;
    const now = new Date().toISOString().replace("Z", "000Z");
    const own = before?.spec?.holderIdentity === identity ? before.spec : undefined;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1_000),
      acquireTime: own?.acquireTime ?? now,
      renewTime: now,
      leaseTransitions:
        (before?.spec?.leaseTransitions ?? 0) + (own === undefined && before !== undefined ? 1 : 0),
    };
  }

  /** Returns why leading ended, or undefined when it was asked to end. */
  async #renewWhileLeading(): Promise<string | undefined> {
    const { signal } = this.#stop;
    let pauseMs = this.#retryPeriodMs;
    for (;;) {
      await sleep(this.#jittered(pauseMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
      if (!this.isLeading()) return "the lease could not be renewed in time";
      pauseMs = this.#retryPeriodMs;
      try {
        const lease = this.#observed?.lease ?? (await this.#read());
        if (lease === undefined) await this.#create();
        else if (lease.spec?.holderIdentity !== this.#options.identity)
          return `${lease.spec?.holderIdentity || "nobody"} holds the lease`;
        else await this.#write(lease);
      } catch (error) {
        pauseMs = this.#retryPeriodMs / 4;
        // Read again before the next attempt: someone may have touched it, or our write did arrive.
        this.#observed = undefined;
        if (!signal.aborted) this.#options.log.warn({ error }, "the lease could not be renewed; again soon");
      }
    }
  }

  async #release(): Promise<void> {
    const { client, log } = this.#options;
    try {
      const lease = this.#observed?.lease ?? (await this.#read());
      if (lease === undefined || lease.spec?.holderIdentity !== this.#options.identity) return;
      // Before the request: from its arrival on another process may write.
      this.#leadsUntil = -Infinity;
      const { holderIdentity: _us, ...rest } = this.#spec(lease);
      const spec = { ...rest, leaseDurationSeconds: 1 };
      await client.replace(leases, { ...lease, spec }, { signal: AbortSignal.timeout(this.#retryPeriodMs) });
      log.info({}, "gave the lease back");
    } catch (error) {
      log.warn({ error }, "the lease could not be given back; others wait until it runs out");
    }
  }

  /** Of one request: half of the time to renew in, as in client-go's users, and not beyond the end of our time. */
  #deadline(): { signal: AbortSignal } {
    const left = this.isLeading() ? this.#leadsUntil - this.#now() : Infinity;
    return { signal: AbortSignal.timeout(Math.ceil(Math.min(this.#renewDeadlineMs / 2, left))) };
  }
}

/** How long the holder's claim lasts after it was last renewed. */
function durationMs(lease: Lease): number {
  return (lease.spec?.leaseDurationSeconds ?? 0) * 1_000;
}
