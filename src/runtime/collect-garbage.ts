const LOOK_EVERY_MS = 2_000;
/** CPU time within one look: 2 % of a core is a process with nothing to do. */
const QUIET_MICROSECONDS = LOOK_EVERY_MS * 20;
/** CPU time since the last collection that is worth one. */
const WORTH_MICROSECONDS = 1_000_000;

/**
 * Has all garbage collected when the process is quiet again after much work: the lists that fill caches and
 * a burst of changes leave many times their size behind, which V8 alone would keep until its heap has doubled.
 * Does nothing if Node runs without `--expose-gc`, as it does everywhere but in the operator's image.
 * Returns how to end it.
 */
export function collectGarbageWhenQuiet(): () => void {
  const { gc } = globalThis;
  if (gc === undefined) return () => undefined;
  // The start is always worth one.
  let collectedAt = -WORTH_MICROSECONDS;
  let lastLookAt = usedMicroseconds();
  const timer = setInterval(() => {
    const now = usedMicroseconds();
    if (now - lastLookAt < QUIET_MICROSECONDS && now - collectedAt >= WORTH_MICROSECONDS) {
      gc({ type: "major", flavor: "last-resort", execution: "sync" });
      collectedAt = usedMicroseconds();
    }
    lastLookAt = usedMicroseconds();
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function usedMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
