import { ApiError } from "../client/errors.ts";

/** What to do about a reconcile that failed. */
export type Retry =
  /** Again at once: what it was decided from was out of date. */
  | { when: "now" }
  /** Again after a pause that grows with every failure, at least so long. */
  | { when: "backoff"; atLeastMs: number; atMostMs?: number }
  /** The same request would fail again until somebody changes something: again after a long pause. */
  | { when: "later"; afterMs: number }
  | { when: "never" };

/** Thrown before a write by who does not lead at this moment. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";

  constructor() {
    super("this process no longer holds the lease; nothing was written");
  }
}

const CONFLICTS_AT_ONCE = 5;
const FORBIDDEN_MS = 60_000;
const REJECTED_MS = 300_000;
/** An API server that is back is asked soon; until then asking costs nobody anything. */
const NO_ANSWER_MS = 3_000;

/** Decides from the error and from how often this key failed in a row before. */
export function decideRetry(error: unknown, failures: number): Retry {
  // The answer to a renewal may still be on its way, and then nobody else does the work.
  if (error instanceof NotLeadingError) return { when: "backoff", atLeastMs: 500, atMostMs: NO_ANSWER_MS };
  if (!(error instanceof ApiError)) return { when: "backoff", atLeastMs: 0 };
  if (isNamespaceTerminating(error)) return { when: "never" };
  const atLeastMs = (error.retryAfterSeconds ?? 0) * 1_000;
  switch (error.code) {
    case 0:
      return { when: "backoff", atLeastMs, atMostMs: NO_ANSWER_MS };
    case 409:
      return failures < CONFLICTS_AT_ONCE ? { when: "now" } : { when: "backoff", atLeastMs };
    case 403:
      return { when: "later", afterMs: Math.max(FORBIDDEN_MS, atLeastMs) };
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
      return { when: "later", afterMs: Math.max(REJECTED_MS, atLeastMs) };
    default:
      // 401 (a token about to rotate), 404 (a namespace going away), 429 and 5xx.
      return { when: "backoff", atLeastMs };
  }
}

/** Whether nothing can be created any more because the namespace is being deleted, and its objects with it. */
export function isNamespaceTerminating(error: ApiError): boolean {
  return error.status?.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
}

/** A word for metrics and logs: the server's reason, or what kind of failure it was. */
export function failureReason(error: unknown): string {
  if (error instanceof NotLeadingError) return "NotLeading";
  if (!(error instanceof ApiError)) return "Bug";
  if (error.reason !== "") return error.reason;
  return error.code === 0 ? "NoAnswer" : `Status${error.code}`;
}
