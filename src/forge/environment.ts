import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** The variables of a container. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Another try would change nothing; what the scripts of the git image say of that, too. */
export const PERMANENT = 64;
/** How long rate limits and failures are waited for: the Job has 900 s for all. */
const PATIENCE_MS = 300_000;
/** A node keeps 4096 bytes, and each may become two. */
const MAX_MESSAGE = 1900;

/** A variable's value. Throws if it has none. */
export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

/** Writes the termination message: one line of JSON. */
export function report(environment: Environment, fields: object): Promise<void> {
  return writeFile(
    required(environment, "AGENT_TERMINATION_LOG"),
    `${JSON.stringify({ type: "agent-operator", ...fields })}\n`,
  );
}

/** The clock, and how long a step waits for a forge. */
export function patience(): { now(): number; sleep(ms: number): Promise<void>; deadline: number } {
  return {
    now: Date.now,
    sleep: async (ms) => {
      await sleep(ms);
    },
    deadline: Date.now() + PATIENCE_MS,
  };
}

/** As much of a text as a termination message has room for. */
export function cut(text: string): string {
  return Buffer.from(text)
    .subarray(0, MAX_MESSAGE)
    .toString()
    .replace(/\uFFFD$/, "");
}
