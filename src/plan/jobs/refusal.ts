/**
 * The API server's "no" to a child: its name is in other hands, for ever or until a predecessor's is gone; a quota or
 * permission forbids it; it is invalid; or the server or one of its webhooks is out of order.
 */
export interface Refusal {
  reason: "NameTaken" | "WaitingForDeletion" | "Forbidden" | "PodRefused" | "CreationFailed";
  message: string;
}

/** Whether a refusal is over by itself. */
export function isTemporary({ reason }: Refusal): boolean {
  return reason === "WaitingForDeletion" || reason === "CreationFailed";
}

/** For how long a refusal is waited out before the child is tried again; undefined: for ever. */
export function retryOf({ reason }: Refusal): { afterMs: number } | undefined {
  if (reason === "WaitingForDeletion") return { afterMs: DELETION_MS };
  return reason === "NameTaken" || reason === "PodRefused" ? undefined : { afterMs: RECHECK_MS };
}

/** The garbage collector takes seconds. */
const DELETION_MS = 2_000;
/** For what comes with no watch, such as room in a quota. */
const RECHECK_MS = 30_000;
