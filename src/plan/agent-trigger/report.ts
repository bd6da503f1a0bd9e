import type { AgentRun, AgentRunPhase } from "../../api/agent-run.ts";
import { ANNOTATION_REPORT, ANNOTATION_REPORT_COMMIT, LABEL_TRIGGER } from "../../api/labels.ts";
import { timeOf } from "../../kube/time.ts";
import { isBefore } from "../agent-run/hourly-limit.ts";
import { isFinished } from "../agent-run/status.ts";
import { neutralBlock } from "../neutral-text.ts";
import { COMMENT_MARK, STATUS_PREFIX } from "./decide.ts";
import type { EventFacts } from "./facts.ts";

/** Where a run is reported: on an issue, or on a pull request. */
export interface ReportPlace {
  kind: "issue" | "pullRequest";
  number: number;
}

/** The annotation of a run that reports on what its event is about; undefined: that has no number. */
export function reportAnnotation({ number, pullRequest }: EventFacts): string | undefined {
  if (number === undefined) return undefined;
  return pullRequest === undefined ? `issue/${number}` : `pullRequest/${pullRequest}`;
}

/** A run that ended so long ago was reported by whoever led then. */
const OVER_MS = 3_600_000;

/** Where a run is to be reported now; undefined: nowhere, or no more. */
export function reportPlaceOf(run: AgentRun, now: number): ReportPlace | undefined {
  const [kind, number] = run.metadata.annotations?.[ANNOTATION_REPORT]?.split("/") ?? [];
  if ((kind !== "issue" && kind !== "pullRequest") || !/^[1-9]\d{0,14}$/.test(number ?? "")) return undefined;
  return isOver(run, now) ? undefined : { kind, number: Number(number) };
}

function isOver(run: AgentRun, now: number): boolean {
  return isFinished(run) && timeOf(run.status?.completionTime, 0) < now - OVER_MS;
}

/** A commit's id, by SHA-1 or SHA-256, that is none of zeros. */
const COMMIT = /^(?!0+$)(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The commit of an event as a run's annotation has it; undefined: it is none. */
export function reportedCommit(commit: string | undefined): string | undefined {
  return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
}

/** The commit that shows now how a run goes; undefined: none, or no more, or it shows a later run of the same trigger. */
export function reportCommitOf(run: AgentRun, runs: Iterable<AgentRun>, now: number): string | undefined {
  const commit = reportedCommit(commitAnnotation(run));
  if (commit === undefined || isOver(run, now)) return undefined;
  const trigger = run.metadata.labels?.[LABEL_TRIGGER];
  for (const other of runs)
    if (
      commitAnnotation(other) === commit &&
      other.metadata.labels?.[LABEL_TRIGGER] === trigger &&
      isBefore(run, other)
    )
      return undefined;
  return commit;
}

function commitAnnotation({ metadata }: AgentRun): string | undefined {
  return metadata.annotations?.[ANNOTATION_REPORT_COMMIT];
}

/** What the commit's status or check run says: nothing of what others have written. */
export function reportStatus(run: AgentRun): ReportedStatus {
  const { phase = "Pending", reason, published } = run.status ?? {};
  const why = reason === undefined || reason === phase ? "" : ` (${reason})`;
  const url = published?.pullRequest?.url;
  return {
    id: run.metadata.uid ?? "",
    context: `${STATUS_PREFIX}${run.metadata.labels?.[LABEL_TRIGGER]}`,
    state: reason === "Cancelled" ? "cancelled" : STATES[phase],
    description: `AgentRun ${run.metadata.name}: ${phase}${why}`.slice(0, 140),
    ...(url !== undefined && { url }),
  };
}

const STATES = {
  Pending: "pending",
  Initializing: "running",
  Running: "running",
  Succeeded: "success",
  Failed: "failure",
  TimedOut: "timedOut",
} as const satisfies Record<AgentRunPhase, ReportedStatus["state"]>;

/** What a commit's status or check run says. */
export interface ReportedStatus {
  /** The run's uid: its check run is found again by it. */
  id: string;
  /** Its name: a later one of the same name takes its place. */
  context: string;
  state: "pending" | "running" | "success" | "failure" | "cancelled" | "timedOut";
  /** At most 140 characters. */
  description: string;
  /** Of the pull request. */
  url?: string;
}

/** What the comment about a run has in it, whatever else changes. */
export function reportMark({ metadata }: AgentRun): string {
  return `${COMMENT_MARK} run=${metadata.uid} -->`;
}

/** What the comment about a run says; what others have written stands in a block that does nothing. */
export function reportBody(run: AgentRun): string {
  const { phase = "Pending", reason, message = "", published } = run.status ?? {};
  const why = reason === undefined || reason === phase ? "" : ` (${reason})`;
  const url = published?.pullRequest?.url;
  const said = isFinished(run) ? neutralBlock(message) : "";
  return [
    reportMark(run),
    `AgentRun \`${run.metadata.name}\`: **${phase}**${why}`,
    ...(url === undefined ? [] : [`Pull request: ${url}`]),
    ...(said === "" ? [] : [said]),
  ].join("\n\n");
}
