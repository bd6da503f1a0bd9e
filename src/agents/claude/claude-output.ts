import type { AgentError, AgentReport, Tokens } from "../agent.ts";
import { asCount, asNumber, asText, errorKindOf, formatCost, jsonLines, lastWordsOf } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";

/** Reads the tail of `claude --output-format stream-json`: its last result, else what led up to its absence. */
export function parseClaudeOutput(tail: string): AgentReport {
  const events = jsonLines(tail);
  const result = events.findLast((event) => event["type"] === "result" && "subtype" in event);
  const sessionId = asText(events.findLast((event) => "session_id" in event)?.["session_id"]);
  if (!result) {
    return {
      ok: false,
      ...(sessionId === undefined ? {} : { sessionId }),
      ...usedSoFar(events),
      ...lastWords(events),
      error: unfinished(events, tail),
    };
  }
  const error = errorOf(result, events);
  const cost = asNumber(result["total_cost_usd"]);
  const text = asText(result["result"]);
  return {
    ok: error === undefined,
    ...(sessionId === undefined ? {} : { sessionId }),
    turns: asCount(result["num_turns"]),
    tokens: tokensOf(result),
    ...(cost === undefined ? {} : { costUSD: formatCost(cost) }),
    ...(text === undefined ? lastWords(events) : { text }),
    ...("structured_output" in result ? { data: result["structured_output"] } : {}),
    ...(error ? { error } : {}),
  };
}

/** agents.md's success test without the exit code: no error, subtype success, at least one turn. */
function errorOf(result: JsonObject, events: JsonObject[]): AgentError | undefined {
  const subtype = asText(result["subtype"]) ?? "";
  const message = asText(result["result"]) ?? errorsOf(result) ?? `claude ended with ${subtype}`;
  if (subtype === "error_max_turns") return { kind: "TurnLimit", message };
  // Stopped while it was still asking: why the endpoint did not answer says more.
  if (subtype === "error_during_execution") return lastRetry(events) ?? { kind: "Interrupted", message };
  if (result["is_error"] === true) {
    const status = asNumber(result["api_error_status"]);
    return failure(status, message, events);
  }
  if (subtype !== "success") return { kind: "Other", message };
  // `/word` alone is taken for a command: no model was asked, yet claude reports success.
  if (asCount(result["num_turns"]) === 0) return { kind: "NotUnderstood", message };
  return undefined;
}

function failure(status: number | undefined, message: string, events: JsonObject[]): AgentError {
  if (status !== undefined) return { kind: errorKindOf(status), status, message };
  if (/\b529\b|overloaded/i.test(message)) return { kind: "Overloaded", status: 529, message };
  if (/not logged in|invalid api key|authentication/i.test(message))
    return { kind: "Authentication", message };
  if (/unable to connect|connection error|timed out/i.test(message)) return { kind: "Api", message };
  const retried = lastRetry(events);
  return retried ? { ...retried, message } : { kind: "Other", message };
}

function unfinished(events: JsonObject[], tail: string): AgentError {
  return (
    lastRetry(events) ?? { kind: "NoResult", message: lastWordsOf(tail, "claude ended without a result") }
  );
}

/** The retry that the run was in when it ended; none when the model answered afterwards. */
function lastRetry(events: JsonObject[]): AgentError | undefined {
  const retry = events.findLast((event) => event["type"] === "system" || event["type"] === "assistant");
  if (retry?.["subtype"] !== "api_retry") return undefined;
  const status = asNumber(retry["error_status"]);
  const cause = asText(retry["error"]) ?? "no answer";
  const message =
    status === undefined
      ? `the model's endpoint did not answer (${cause})`
      : `the model's endpoint answered ${status} (${cause})`;
  return {
    kind: status === undefined ? "Api" : errorKindOf(status),
    ...(status === undefined ? {} : { status }),
    message,
  };
}

function errorsOf(result: JsonObject): string | undefined {
  const errors = result["errors"];
  if (!Array.isArray(errors)) return undefined;
  const texts = errors.filter((error): error is string => typeof error === "string");
  return texts.length === 0 ? undefined : texts.join("; ");
}

/** From the session's files, if there is no result: each message once, its last mention counts. */
function usedSoFar(events: JsonObject[]): { tokens?: Tokens } {
  const messages = new Map<unknown, JsonObject>();
  for (const event of events) if (event["type"] === "usage") messages.set(event["id"], event);
  if (messages.size === 0) return {};
  const tokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  for (const used of messages.values()) {
    tokens.input += asCount(used["input_tokens"]);
    tokens.output += asCount(used["output_tokens"]);
    tokens.cacheRead += asCount(used["cache_read_input_tokens"]);
    tokens.cacheWrite += asCount(used["cache_creation_input_tokens"]);
  }
  return { tokens };
}

/** From modelUsage: `usage` leaves side requests out. */
function tokensOf(result: JsonObject): Tokens {
  const tokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  for (const value of Object.values(asObject(result["modelUsage"]) ?? {})) {
    const usage = asObject(value);
    tokens.input += asCount(usage?.["inputTokens"]);
    tokens.output += asCount(usage?.["outputTokens"]);
    tokens.cacheRead += asCount(usage?.["cacheReadInputTokens"]);
    tokens.cacheWrite += asCount(usage?.["cacheCreationInputTokens"]);
  }
  return tokens;
}

/** The newest text of an assistant's message, for a run that has no result text. */
function lastWords(events: JsonObject[]): { text?: string } {
  for (const event of events.toReversed()) {
    if (event["type"] !== "assistant") continue;
    const content = asObject(event["message"])?.["content"];
    for (const block of Array.isArray(content) ? content.toReversed() : []) {
      const text = asText(asObject(block)?.["text"]);
      if (text) return { text };
    }
  }
  return {};
}
