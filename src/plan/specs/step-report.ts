import { parseOutcome } from "./git-report.ts";

/** What a container of a step has come to: the commit that it pushed or checked out. */
export type StepReport =
  | { kind: "done"; commit: string; pullRequest?: ReportedPullRequest }
  | { kind: "nothing" }
  | { kind: "refused"; reason: string; message: string };

/** The pull request that is open now; `problem` says what it lacks. */
export interface ReportedPullRequest {
  number: number;
  url: string;
  problem?: string;
}

/** Reads its termination message; undefined if that is not the script's own line. */
export function parseStepReport(message: string): StepReport | undefined {
  const { commit, nothing, reason, message: text, number, url, problem } = parseOutcome(message) ?? {};
  if (typeof commit === "string" && /^[0-9a-f]{40,64}$/.test(commit)) {
    if (typeof number !== "number" || typeof url !== "string") return { kind: "done", commit };
    const pullRequest = { number, url, ...(typeof problem === "string" && { problem }) };
    return { kind: "done", commit, pullRequest };
  }
  if (nothing === true) return { kind: "nothing" };
  return typeof reason === "string" && typeof text === "string"
    ? { kind: "refused", reason, message: text }
    : undefined;
}
