import { Delays } from "./delays.ts";

/** Told what happens in a queue; seconds are of a monotonic clock. */
export interface QueueObserver {
  depth(keys: number): void;
  /** A key began to run so long after it was added. */
  waited(seconds: number): void;
  retried(): void;
}

export interface WorkQueueOptions {
  /** Keys that run at the same time at most. */
  concurrency: number;
  /**
   * Never called for a key that is running. Must not reject: what failed is added again by the caller. While
   * it awaits `giveWay`, another key has its place; that resolves when its turn among the usual ones has come.
   */
  run: (key: string, reasons: readonly string[], giveWay: () => Promise<void>) => Promise<void>;
  observer?: QueueObserver;
  /** Pause after a key's first failure; doubles up to `longestBackoffMs`. */
  firstBackoffMs?: number;
  longestBackoffMs?: number;
}

/** The part of the places that stays with the usual keys while others go ahead, however many these are. */
const USUAL_PART = 1 / 5;

/** What takes a place when there is one: a key begins, or goes on after it gave way. */
type Turn = () => void;

/** Turns in the order they came. */
class Lane {
  #turns: Turn[] = [];
  #next = 0;

  get isEmpty(): boolean {
    return this.#next === this.#turns.length;
  }

  push(turn: Turn): void {
    this.#turns.push(turn);
  }

  take(): Turn | undefined {
    const turn = this.#turns[this.#next];
    if (turn === undefined) return undefined;
    this.#next += 1;
    if (this.#next > 1_024 && this.#next * 2 > this.#turns.length) {
      this.#turns = this.#turns.slice(this.#next);
      this.#next = 0;
    }
    return turn;
  }

  clear(): void {
    this.#turns = [];
    this.#next = 0;
  }
}

/** A key that waits to run, and why. */
interface Waiting {
  reasons: string[];
  sinceMs: number;
}

const REASONS_KEPT = 4;
/** Keys that only compute begin for so long; then timers and sockets of the process have their turn. */
const SLICE_MS = 25;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * A work queue of keys. A key that is added many times before it runs, runs once; added while it
 * runs, it runs once more afterwards. Keys run in the order they came, but for those that go ahead.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<string>();
  /** Of those that run, the ones that have given way: they hold no place. */
  readonly #givingWay = new Set<Turn>();
  readonly #delays = new Delays();
  readonly #delayReasons = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  readonly #ahead = new Lane();
  readonly #usual = new Lane();
  /** Of those that run, the ones that went ahead and have neither given way nor ended. */
  readonly #goingAhead = new Set<string>();
  #sliceEndsAt: number | undefined;
  #timer: { handle: NodeJS.Timeout; at: number } | undefined;
  #state: "created" | "running" | "stopped" = "created";
  #whenIdle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait or run, without those that are delayed. */
  get depth(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Lets keys run. Before this they are only gathered. */
  start(): void {
    if (this.#state !== "created") return;
    this.#state = "running";
    this.#fill();
    this.#arm();
  }

  /** Runs the key as soon as there is room; with `ahead` before most of those that wait. */
  add(key: string, reason: string, ahead = false): void {
    if (this.#state === "stopped") return;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      const { reasons } = waiting;
      if (reasons.length < REASONS_KEPT && !reasons.includes(reason)) reasons.push(reason);
      return;
    }
    this.#waiting.set(key, { reasons: [reason], sinceMs: performance.now() });
    if (!this.#running.has(key)) this.#enqueue(key, ahead);
    this.#options.observer?.depth(this.depth);
    this.#fill();
  }

  /** Runs the key after `ms`. Of several delays the earliest counts; a run meanwhile cancels it. */
  addAfter(key: string, ms: number, reason: string): void {
    if (this.#state === "stopped") return;
    if (ms <= 0) {
      this.add(key, reason);
      return;
    }
    if (!this.#delayReasons.has(key)) this.#delayReasons.set(key, reason);
    this.#delays.add(key, performance.now() + ms);
    this.#arm();
  }

  /** Runs the key again after a pause that grows with each call, within these bounds. Returns the pause. */
  addWithBackoff(
    key: string,
    reason: string,
    bounds: { atLeastMs?: number; atMostMs?: number } = {},
  ): number {
    const { atLeastMs = 0, atMostMs = Number.POSITIVE_INFINITY } = bounds;
    const failures = this.#countFailure(key);
    const longest = Math.min(this.#options.longestBackoffMs ?? 120_000, atMostMs);
    const full = Math.min(longest, (this.#options.firstBackoffMs ?? 100) * 2 ** Math.min(failures - 1, 30));
    const ms = Math.max(full * (0.5 + Math.random() / 2), atLeastMs);
    this.addAfter(key, ms, reason);
    return ms;
  }

  /** Runs the key again at once, and counts it as a failure. */
  addAgain(key: string, reason: string): void {
    this.#countFailure(key);
    this.add(key, reason);
  }

  /** How often the key has failed since it was last forgotten. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The key succeeded: its next failure starts with the first pause again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Drops what waits, lets what runs come to its end. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    if (this.#timer !== undefined) clearTimeout(this.#timer.handle);
    this.#timer = undefined;
    this.#waiting.clear();
    this.#delays.clear();
    this.#delayReasons.clear();
    this.#ahead.clear();
    this.#usual.clear();
    for (const goOn of this.#givingWay) goOn();
    await this.idle();
  }

  /** Resolves when nothing waits or runs; what is delayed does not count. */
  idle(): Promise<void> {
    if (this.depth === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #countFailure(key: string): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    this.#options.observer?.retried();
    return failures;
  }

  #enqueue(key: string, ahead: boolean): void {
    if (ahead) this.#ahead.push(() => void this.#run(key, true));
    else this.#usual.push(() => void this.#run(key, false));
  }

  #fill(): void {
    while (this.#state === "running") {
      const lane = this.#nextLane();
      if (lane === undefined || !this.#isWithinSlice()) return;
      lane.take()?.();
    }
  }

  /** Whose turn it is; undefined if nobody waits who may have a place. */
  #nextLane(): Lane | undefined {
    const { concurrency } = this.#options;
    const taken = this.#running.size - this.#givingWay.size;
    if (taken >= concurrency) return undefined;
    const usual = taken - this.#goingAhead.size;
    const usualMayRun = usual < Math.floor(concurrency * USUAL_PART) || !this.#isAnyAhead;
    if (usualMayRun && !this.#usual.isEmpty) return this.#usual;
    return this.#ahead.isEmpty ? undefined : this.#ahead;
  }

  get #isAnyAhead(): boolean {
    return !this.#ahead.isEmpty || this.#goingAhead.size > 0;
  }

  /** Begins a slice if there is none; what is left over is taken up in the next. */
  #isWithinSlice(): boolean {
    const now = performance.now();
    if (this.#sliceEndsAt === undefined) {
      this.#sliceEndsAt = now + SLICE_MS;
      setImmediate(() => {
        this.#sliceEndsAt = undefined;
        this.#fill();
      });
    }
    return now < this.#sliceEndsAt;
  }

  async #run(key: string, ahead: boolean): Promise<void> {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    this.#running.add(key);
    if (ahead) this.#goingAhead.add(key);
    // The run sees the newest state and says itself when to look again.
    this.#delays.delete(key);
    this.#delayReasons.delete(key);
    const { observer, run } = this.#options;
    if (waiting !== undefined) observer?.waited((performance.now() - waiting.sinceMs) / 1_000);
    try {
      await run(key, waiting?.reasons ?? [], () => this.#giveWay(key));
    } finally {
      this.#running.delete(key);
      this.#goingAhead.delete(key);
      if (this.#waiting.has(key)) this.#enqueue(key, false);
      observer?.depth(this.depth);
      this.#fill();
      if (this.depth === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    }
  }

  /** Lets those run that go ahead; if there are none, at once. */
  #giveWay(key: string): Promise<void> {
    this.#goingAhead.delete(key);
    if (!this.#isAnyAhead || this.#state !== "running") {
      this.#fill();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const goOn = (): void => {
        this.#givingWay.delete(goOn);
        resolve();
      };
      this.#givingWay.add(goOn);
      this.#usual.push(goOn);
      this.#fill();
    });
  }

  /** One timer for all delays, set to the earliest. */
  #arm(): void {
    const at = this.#delays.earliest();
    if (at === undefined || this.#state !== "running") return;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer.handle);
    const ms = Math.min(Math.max(0, at - performance.now()), LONGEST_TIMER_MS);
    this.#timer = { at, handle: setTimeout(() => this.#wake(), ms) };
  }

  #wake(): void {
    this.#timer = undefined;
    // Timers may fire a fraction of a millisecond early.
    for (const key of this.#delays.takeDue(performance.now() + 1)) {
      const reason = this.#delayReasons.get(key) ?? "delay";
      this.#delayReasons.delete(key);
      this.add(key, reason);
    }
    this.#arm();
  }
}
