/** What the window that watches sends to the others. */
export type Shared =
  /** A line of the watch. */
  | { line: string }
  /** Why the connection is lost; undefined: it is there again. */
  | { lost: string | undefined }
  /** What was seen is not all: list again. */
  | { relist: true };

/** A watch in which the windows of one user take part: one of them watches and sends the others what it sees. */
export interface Share {
  /** Whether this window is the one. */
  isLeading(): boolean;
  /** Aborts once it is. */
  readonly leading: AbortSignal;
  send(shared: Shared): void;
  /** Of the window that watches, from now on. */
  listen(heard: (shared: Shared) => void): void;
}

/**
 * Takes part until `signal` aborts; the next window takes over then, or when this one is closed. Without a name, or in a
 * browser that has no locks, a window shares nothing and leads at once.
 */
export function joinShare(name: string | undefined, signal: AbortSignal): Share {
  const turn = new AbortController();
  const share: Share = {
    isLeading: () => turn.signal.aborted,
    leading: turn.signal,
    send: () => undefined,
    listen: () => undefined,
  };
  // Browsers have locks only where nobody on the way can change the page.
  const { locks } = navigator as Partial<Pick<Navigator, "locks">>;
  if (name === undefined || locks === undefined || signal.aborted) {
    turn.abort();
    return share;
  }
  const channel = new BroadcastChannel(name);
  signal.addEventListener("abort", () => channel.close(), { once: true });
  const hold = (): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      turn.abort();
    });
  // Rejected when this window leaves before its turn.
  locks.request(name, { signal }, hold).catch(() => undefined);
  return {
    ...share,
    send: (shared) => {
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- A channel reaches one origin and takes none.
      if (!signal.aborted) channel.postMessage(shared);
    },
    listen(heard) {
      channel.addEventListener("message", ({ data }) => {
        if (!turn.signal.aborted) heard(data as Shared);
      });
    },
  };
}
