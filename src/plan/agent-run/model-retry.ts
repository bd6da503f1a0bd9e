import { agentNamed } from "../../agents/registry.ts";

const FIRST_LOOK_MS = 20_000;
const LONGEST_GAP_MS = 600_000;

/** A look that comes later than this is left to the next one, so that an operator that starts reads no log of each run. */
const GRACE_MS = 5_000;

/**
 * Whether the log of an agent is looked at now: twenty seconds after its start, then after gaps that double up to ten
 * minutes. Times are milliseconds since the epoch.
 */
export function isLookDue(startedAt: number, now: number): boolean {
  const elapsed = now - startedAt;
  const last = looks(elapsed).last;
  return last !== undefined && elapsed - last < GRACE_MS;
}

/** Milliseconds to the next look. */
export function untilNextLook(startedAt: number, now: number): number {
  const elapsed = now - startedAt;
  return looks(elapsed).next - elapsed;
}

/** The look before and after a time, in milliseconds after the start. */
function looks(elapsed: number): { last?: number; next: number } {
  let last: number | undefined;
  let next = FIRST_LOOK_MS;
  for (let gap = 2 * FIRST_LOOK_MS; next <= elapsed && gap < LONGEST_GAP_MS; gap *= 2) {
    last = next;
    next += gap;
  }
  if (next > elapsed) return last === undefined ? { next } : { last, next };
  const passed = Math.floor((elapsed - next) / LONGEST_GAP_MS);
  return { last: next + passed * LONGEST_GAP_MS, next: next + (passed + 1) * LONGEST_GAP_MS };
}

/** Why the model does not answer, if the newest lines of the agent's log end with that; no counts, so that it stays. */
export function modelProblem(agentType: string, recent: string): string | undefined {
  const agent = agentNamed(agentType);
  const last = recent
    .split("\n")
    .flatMap((line) => agent?.activities(line) ?? [])
    .at(-1);
  return last?.kind === "retry" ? last.cause : undefined;
}
