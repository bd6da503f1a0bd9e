import type { Activity } from "../agents/agent.ts";
import type { AgentRun } from "../api/agent-run.ts";
import type { Client } from "../client/client.ts";
import { followToLastWord, type RunListener, type RunLocation } from "../follow/follow-run.ts";
import { printable } from "../kube/printable.ts";
import type { Output } from "./output.ts";
import { renderActivity, renderPhase } from "./run-text.ts";

/** An operator takes up a run in well under a second. */
const OPERATOR_MS = 10_000;
/** After this time without a sign of the agent the user is told so, and again after the double. */
const QUIET_MS = 30_000;

/** Reasons whose message says nothing that the line of the phase does not. */
const ON_ITS_WAY: ReadonlySet<string> = new Set([
  "JobCreated",
  "PodStarting",
  "Cloning",
  "AgentRunning",
  "Completed",
]);

/** Shows a run while it goes on, until `[Symbol.dispose]`. */
export interface RunView extends RunListener, Disposable {}

/** Writes a line with the time for each phase, and below it what the agent says and does. */
export function createRunView(say: (line: string) => void, style: Output["style"]): RunView {
  const startedAt = performance.now();
  const elapsed = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)}s`.padStart(6);
  let quiet: NodeJS.Timeout | undefined;
  const expectWord = (afterMs: number): void => {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      const seconds = Math.round(afterMs / 1_000);
      say(
        `        ${style("dim", `… quiet for ${seconds} s: the agent works, or its model does not answer`)}`,
      );
      expectWord(afterMs * 2);
    }, afterMs);
    quiet.unref();
  };
  const unseen = setTimeout(() => {
    say(
      `        ${style("yellow", "no operator has taken up the run; the command `doctor` looks for the cause")}`,
    );
  }, OPERATOR_MS);
  unseen.unref();
  return {
    changed: (run: AgentRun) => {
      const { phase, reason, message } = run.status ?? {};
      if (reason !== undefined) clearTimeout(unseen);
      clearTimeout(quiet);
      say(`${elapsed()}  ${renderPhase(run, style)}`);
      if (message && !ON_ITS_WAY.has(reason ?? "")) say(indented(message));
      if (phase === "Running") expectWord(QUIET_MS);
    },
    heard: (activity: Activity) => {
      say(renderActivity(activity, style));
      expectWord(QUIET_MS);
    },
    [Symbol.dispose]: () => {
      clearTimeout(quiet);
      clearTimeout(unseen);
    },
  };
}

/** Shows a run until it has ended; resolves to undefined if `signal` aborted first. */
export async function showToEnd(
  client: Client,
  at: RunLocation,
  signal: AbortSignal,
  { say, style }: { say: (line: string) => void; style: Output["style"] },
): Promise<AgentRun | undefined> {
  using view = createRunView(say, style);
  return await followToLastWord(client, at, signal, view);
}

const EXIT_CODES: Readonly<Record<string, number>> = { Succeeded: 0, Failed: 1, TimedOut: 3 };

/** The exit code that says how a run ended. */
export function exitCodeOf({ status }: AgentRun): number {
  return EXIT_CODES[status?.phase ?? ""] ?? 1;
}

function indented(text: string): string {
  return printable(text)
    .split("\n")
    .map((line) => `        ${line}`)
    .join("\n");
}
