import type { JsonObject } from "../kube/json.ts";
import type { Conversation, ToolCall } from "./model-conversation.ts";
import type { Fault, Usage } from "./model-scenario.ts";

/** One answer, before a protocol gives it its form. */
export interface Answer {
  /** Unique within the endpoint. */
  id: string;
  model: string;
  text: string;
  calls: readonly ToolCall[];
  usage: Usage;
  /** The model stopped at its limit of tokens. */
  tooLong: boolean;
}

/** How one API puts a request and its answer, whole or as a stream of server-sent events. */
export interface Protocol {
  /** Whether requests to this path are the API's. */
  serves(pathname: string): boolean;
  /** What the scripted model needs to know of a request. */
  read(body: JsonObject, pathname: string): Conversation;
  whole(answer: Answer): JsonObject;
  events(answer: Answer): string[];
  error(fault: Exclude<Fault, string>): JsonObject;
}

/** Why the model stopped, in an API's own words. */
export function stopReason(
  { tooLong, calls }: Answer,
  words: { tooLong: string; calls: string; end: string },
): string {
  if (tooLong) return words.tooLong;
  return calls.length > 0 ? words.calls : words.end;
}

/** The names that Anthropic's API gives its errors. */
export function errorType(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
  };
  return types[status] ?? "api_error";
}
