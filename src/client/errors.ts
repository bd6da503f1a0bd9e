import type { Status, StatusReason } from "../kube/status.ts";
import type { HttpRequest, HttpResponse } from "./transport.ts";

/** A failed call: the server's own Status, or code 0 if no answer came at all. */
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

/** The error for a request that got no (whole) answer: code 0, the socket's error as its cause. */
export function noAnswerError(request: HttpRequest, cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(`${request.method} ${request.path}: no answer from the API server: ${why}`, {
    code: 0,
    cause,
  });
}

/** The error for an answer with a failure status; its message is the server's own if it gave one. */
export function statusError(request: HttpRequest, response: HttpResponse, body: string): ApiError {
  const status = parseStatus(body);
  const retryAfterSeconds =
    status?.details?.retryAfterSeconds ?? parseRetryAfter(response.headers["retry-after"]);
  const said = status?.message ?? (body.trim().slice(0, 200) || `status ${response.status}`);
  return new ApiError(`${request.method} ${request.path}: ${said}`, {
    code: response.status,
    reason: status?.reason ?? reasonOfCode(response.status),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(status !== undefined && { status }),
  });
}

/** The error that an `ERROR` event of a watch carries. */
export function watchStatusError(path: string, object: unknown): ApiError {
  const status = isStatus(object) ? object : undefined;
  const retryAfterSeconds = status?.details?.retryAfterSeconds;
  return new ApiError(`watch ${path}: ${status?.message ?? "the server ended the watch with an error"}`, {
    code: status?.code ?? 500,
    reason: status?.reason ?? "InternalError",
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(status !== undefined && { status }),
  });
}

/** What a request answers; undefined if it is refused for one of these reasons. */
export async function unlessRefused<T>(
  request: Promise<T>,
  ...reasons: readonly StatusReason[]
): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (reasons.some((reason) => isApiError(error, reason))) return undefined;
    throw error;
  }
}

function parseStatus(body: string): Status | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

/** Seconds only: the form with a date is not used by API servers and would need a clock. */
function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

function reasonOfCode(code: number): StatusReason {
  return REASONS_BY_CODE.get(code) ?? "";
}

const REASONS_BY_CODE: ReadonlyMap<number, StatusReason> = new Map<number, StatusReason>([
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [405, "MethodNotAllowed"],
  [406, "NotAcceptable"],
  [409, "Conflict"],
  [410, "Gone"],
  [413, "RequestEntityTooLarge"],
  [415, "UnsupportedMediaType"],
  [422, "Invalid"],
  [429, "TooManyRequests"],
  [500, "InternalError"],
  [503, "ServiceUnavailable"],
  [504, "Timeout"],
]);
