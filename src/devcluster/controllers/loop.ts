import { isApiError } from "../../client/errors.ts";
import { WorkQueue } from "../../runtime/queue.ts";

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
  /** Brings one key to its desired state; may say in how many milliseconds to look again. */
  reconcile(key: string): Promise<number | undefined>;
  /** Told of every failure except those of a race, which are simply tried again. */
  onError(key: string, error: unknown): void;
}

const REASON = "changed";

/** The work queue of one controller. */
export function createLoop({ concurrency = 4, reconcile, onError }: LoopOptions): Loop {
  let isStopped = false;
  const queue = new WorkQueue({
    concurrency,
    firstBackoffMs: 20,
    longestBackoffMs: 30_000,
    async run(key) {
      try {
        const again = await reconcile(key);
        queue.forget(key);
        if (again !== undefined) queue.addAfter(key, Math.max(again, 1), REASON);
      } catch (error) {
        // What is looked at may change or go meanwhile; if it is still missing at the next look, something is wrong.
        const isRace =
          isApiError(error, "Conflict") || (isApiError(error, "NotFound") && queue.failures(key) === 0);
        if (!isRace && !isStopped) onError(key, error);
        queue.addWithBackoff(key, REASON);
      }
    },
  });
  // Not within the call: whoever makes the loop may still be setting up what `reconcile` needs.
  queueMicrotask(() => queue.start());
  return {
    add: (key, delayMs = 0) => queue.addAfter(key, delayMs, REASON),
    async stop() {
      isStopped = true;
      await queue.stop();
    },
  };
}
