import type { Status, StatusReason } from "../kube/status.ts";

/** A failed call: the server's own Status, or code 0 where no answer came at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: StatusReason;
  /** Seconds that the server asked to wait, from Retry-After or `details.retryAfterSeconds`. */
  readonly retryAfterSeconds: number | undefined;
  readonly status: Status | undefined;

  constructor(
    message: string,
    detail: {
      code: number;
      reason?: StatusReason;
      retryAfterSeconds?: number;
      status?: Status;
      cause?: unknown;
    },
  ) {
    super(message, { cause: detail.cause });
    this.code = detail.code;
    this.reason = detail.reason ?? "";
    this.retryAfterSeconds = detail.retryAfterSeconds;
    this.status = detail.status;
  }
}

/** Whether `error` is a failed call with this reason, e.g. `isApiError(error, "NotFound")`. */
export function isApiError(error: unknown, reason?: StatusReason): error is ApiError {
  return error instanceof ApiError && (reason === undefined || error.reason === reason);
}
