import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_REPORT } from "../../api/labels.ts";
import { timeOf } from "../../kube/time.ts";
import { isFinished } from "../agent-run/status.ts";
import { neutralBlock } from "../neutral-text.ts";
import { COMMENT_MARK } from "./decide.ts";
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
  const isOver = isFinished(run) && timeOf(run.status?.completionTime, 0) < now - OVER_MS;
  return isOver ? undefined : { kind, number: Number(number) };
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
