import type { AgentRun, AgentRunStatus } from "../api/agent-run.ts";
import type { Activity } from "../agents/agent.ts";
import { printable, printableLine } from "../kube/printable.ts";
import type { Output, Style } from "./output.ts";

type Paint = Output["style"];

const PHASE_STYLES: Record<string, Style> = {
  Pending: "dim",
  Initializing: "yellow",
  Running: "cyan",
  Succeeded: "green",
  Failed: "red",
  TimedOut: "red",
};

const PHASE_WIDTH = 12;
const MAX_PATCH_LINES = 200;
const MAX_ACTIVITY_LINES = 20;

/** One line for a run's phase, with its reason. */
export function renderPhase({ status }: AgentRun, paint: Paint): string {
  const phase = status?.phase ?? "Pending";
  const reason = status?.reason === undefined ? "" : ` ${paint("dim", printableLine(status.reason))}`;
  return `${paint(PHASE_STYLES[phase] ?? "bold", phase.padEnd(PHASE_WIDTH))}${reason}`.trimEnd();
}

/** What the agent did, indented below its phase. */
export function renderActivity({ kind, text }: Activity, paint: Paint): string {
  const lines = printable(text).split("\n");
  const shown = lines.slice(0, MAX_ACTIVITY_LINES);
  if (lines.length > shown.length) shown.push("…");
  const mark = { tool: paint("dim", "→"), text: paint("cyan", "“"), retry: paint("yellow", "↻") }[kind];
  return shown.map((line, index) => `        ${index === 0 ? mark : " "} ${line}`).join("\n");
}

/** What the run's status says about its end. */
export function renderResult({ status }: AgentRun, paint: Paint): string[] {
  const result = status?.result;
  if (result === undefined) return [];
  const { tokens, git, repositories = [] } = result;
  const { verification, published } = status ?? {};
  const rows: [string, string | undefined][] = [
    ["said", result.text === undefined ? undefined : printable(result.text)],
    ["outcome", status?.outcome],
    [
      "commit",
      git?.headCommit === undefined
        ? undefined
        : printableLine(`${git.headCommit} on ${git.branch ?? "(no branch)"}`),
    ],
    [
      "changes",
      git?.filesChanged === undefined
        ? undefined
        : `${git.commits ?? 0} commit(s), ${git.filesChanged} file(s), +${git.insertions ?? 0} -${git.deletions ?? 0}`,
    ],
    ...repositories.map(({ name, filesChanged, insertions = 0, deletions = 0 }): [string, string] => [
      `in ${name}`,
      filesChanged === undefined ? "unknown" : `${filesChanged} file(s), +${insertions} -${deletions}`,
    ]),
    ["verified", verification && verdictOf(verification)],
    ["pushed", published && printableLine(`${published.commit} to branch ${published.branch}`)],
    [
      "tokens",
      tokens && `${tokens.input ?? 0} in, ${tokens.output ?? 0} out, ${tokens.cacheRead ?? 0} from cache`,
    ],
    ["cost", result.costUSD === undefined ? undefined : `$${result.costUSD} as the agent reports it`],
  ];
  return [
    "",
    ...rows
      .filter((row): row is [string, string] => row[1] !== undefined)
      .map(
        ([name, value]) =>
          `${paint("bold", printableLine(name).padEnd(8))} ${value.replaceAll("\n", "\n         ")}`,
      ),
  ];
}

function verdictOf({ verdict, exitCode }: NonNullable<AgentRunStatus["verification"]>): string {
  return `${verdict ?? "under way"}${exitCode === undefined ? "" : `, exit code ${exitCode}`}`;
}

/** One line for a run that has ended, beside others. */
export function renderRunRow({ spec, status }: AgentRun): string {
  const { git, costUSD } = status?.result ?? {};
  const changes = git && `${git.commits ?? 0} commit(s), +${git.insertions ?? 0} -${git.deletions ?? 0}`;
  const cells = [
    (status?.agent ?? spec.agent ?? "").padEnd(8),
    (status?.phase ?? "").padEnd(PHASE_WIDTH),
    git?.headCommit?.slice(0, 12) ?? "",
    git?.branch ?? "",
    changes ?? "",
    costUSD === undefined ? "" : `$${costUSD}`,
  ];
  return cells.filter((cell) => cell !== "").join("  ");
}

/** The patch, coloured as git does. */
export function renderPatch(patch: string | undefined, paint: Paint, maxLines = MAX_PATCH_LINES): string[] {
  if (patch === undefined || patch.trim() === "") return [];
  const lines = printable(patch).trimEnd().split("\n");
  const shown = lines.slice(0, maxLines);
  const rest = lines.length - shown.length;
  return [
    "",
    ...shown.map((line) => {
      if (line.startsWith("+++") || line.startsWith("---")) return paint("bold", line);
      if (line.startsWith("+")) return paint("green", line);
      if (line.startsWith("-")) return paint("red", line);
      return line.startsWith("@@") ? paint("cyan", line) : line;
    }),
    ...(rest > 0 ? [paint("dim", `… ${rest} more lines`)] : []),
  ];
}
