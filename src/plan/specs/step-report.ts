import { parseOutcome } from "./git-report.ts";

/** What a container of a step has come to: the commit that it pushed or checked out. */
export type StepReport =
  | { kind: "done"; commit: string }
  | { kind: "nothing" }
  | { kind: "refused"; reason: string; message: string };

/** Reads its termination message; undefined if that is not the script's own line. */
export function parseStepReport(message: string): StepReport | undefined {
  const { commit, nothing, reason, message: text } = parseOutcome(message) ?? {};
  if (typeof commit === "string" && /^[0-9a-f]{40,64}$/.test(commit)) return { kind: "done", commit };
  if (nothing === true) return { kind: "nothing" };
  return typeof reason === "string" && typeof text === "string"
    ? { kind: "refused", reason, message: text }
    : undefined;
}
