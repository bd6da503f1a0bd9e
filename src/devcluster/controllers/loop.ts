import { isApiError } from "../../client/errors.ts";

/** What is to be looked at, by key: each key once however often it is added, and never twice at a time. */
export interface Loop {
  /** Looks at `key` soon, or after `delayMs`; an earlier time wins over a later one. */
  add(key: string, delayMs?: number): void;
  /** Takes nothing new and resolves when what runs has ended. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** How many keys at a time; default 4. */
  concurrency?: number;
  /** Brings one key to where it should be; may say in how many milliseconds to look again. */
  reconcile(key: string): Promise<number | undefined>;
  /** Told of every failure except those of a race, which are simply tried again. */
  onError(key: string, error: unknown): void;
}

const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 30_000;

/** The one mechanism of all controllers: a de-duplicated queue with per-key order, delays and back-off. */
export function createLoop(options: LoopOptions): Loop {
  const due = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  const ready = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, number>();
  let stopped = false;

  const enqueue = (key: string): void => {
    const waiting = due.get(key);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    due.delete(key);
    ready.add(key);
    // Not within the call: whoever adds may still be setting up what `reconcile` needs.
    queueMicrotask(startNext);
  };

  const add = (key: string, delayMs = 0): void => {
    if (stopped || ready.has(key)) return;
    if (delayMs <= 0) {
      enqueue(key);
      return;
    }
    const at = performance.now() + delayMs;
    const waiting = due.get(key);
    if (waiting !== undefined && waiting.at <= at) return;
    if (waiting !== undefined) clearTimeout(waiting.timer);
    // Longer delays than a timer can hold are cut: looking early does no harm.
    due.set(key, { at, timer: setTimeout(enqueue, Math.min(delayMs, 2 ** 31 - 1), key) });
  };

  const runOne = async (key: string): Promise<void> => {
    try {
      const again = await options.reconcile(key);
      failures.delete(key);
      if (again !== undefined) add(key, Math.max(again, 1));
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      // What is looked at may change or go meanwhile; if it is still missing at the next look, something is wrong.
      const isRace = isApiError(error, "Conflict") || (isApiError(error, "NotFound") && count === 1);
      if (!isRace && !stopped) options.onError(key, error);
      add(key, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(count - 1, 12)));
    }
  };

  const startNext = (): void => {
    for (const key of ready) {
      if (stopped || running.size >= (options.concurrency ?? 4)) return;
      if (running.has(key)) continue;
      ready.delete(key);
      const run = runOne(key).finally(() => {
        running.delete(key);
        startNext();
      });
      running.set(key, run);
    }
  };

  return {
    add,
    stop: async () => {
      stopped = true;
      for (const { timer } of due.values()) clearTimeout(timer);
      due.clear();
      ready.clear();
      await Promise.allSettled(running.values());
    },
  };
}
