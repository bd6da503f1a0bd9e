import type { Reason } from "../../api/reasons.ts";

/** What an owner fails with. */
export interface Failure {
  phase: "Failed";
  reason: Reason;
  message: string;
}

/** What holds a Job's pod up on its way to the agent; undefined while all goes as it should. */
export interface StartProblem {
  reason: Reason;
  message: string;
  /** The run fails with this when it lasts, or at once (0). */
  fails?: { afterMs: number; ending: Failure };
}
