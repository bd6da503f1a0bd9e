import { parseOutcome } from "./git-report.ts";

/** What the container that pushes has come to. */
export type PushReport =
  | { kind: "pushed"; commit: string }
  | { kind: "nothing" }
  | { kind: "refused"; reason: string; message: string };

/** Reads its termination message; undefined if that is not the script's own line. */
export function parsePushReport(message: string): PushReport | undefined {
  const { commit, nothing, reason, message: text } = parseOutcome(message) ?? {};
  if (typeof commit === "string" && /^[0-9a-f]{40,64}$/.test(commit)) return { kind: "pushed", commit };
  if (nothing === true) return { kind: "nothing" };
  return typeof reason === "string" && typeof text === "string"
    ? { kind: "refused", reason, message: text }
    : undefined;
}
