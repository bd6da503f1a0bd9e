import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";

/** Answers `/openapi/v2` and `/openapi/v3…`; undefined for other paths. */
export function answerOpenApi(
  _context: ApiContext,
  _request: ApiRequest,
  _rest: readonly string[],
): ApiResponse | undefined {
  return undefined;
}
