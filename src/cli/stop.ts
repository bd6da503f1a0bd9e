/** How a command learns that it should end, and which signal asked for it. */
export interface Stop {
  readonly signal: AbortSignal;
  /** The conventional exit code of a program ended by that signal (128 + n), 0 while none came. */
  exitCode(): number;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** npm passes on the SIGINT that the terminal has already sent to everyone: that is one request, not two. */
const SAME_REQUEST_MS = 1_000;
const PATIENCE_MS = 20_000;

/**
 * Turns SIGINT, SIGTERM and SIGHUP into one abort. A second request, or a clean-up of more than 20 s,
 * ends the program at once.
 */
export function stopOnSignals(process: NodeJS.Process): Stop {
  const controller = new AbortController();
  let exitCode = 0;
  let askedAt = 0;
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (performance.now() - askedAt > SAME_REQUEST_MS) process.exit(code);
        return;
      }
      exitCode = code;
      askedAt = performance.now();
      setTimeout(() => process.exit(code), PATIENCE_MS).unref();
      controller.abort();
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
