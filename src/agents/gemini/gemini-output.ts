import type { AgentError, AgentReport, Tokens } from "../agent.ts";
import { asCount, asNumber, asText, errorKindOf, jsonLines, lastWordsOf } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";

/** Reads the tail of `gemini --output-format stream-json` with the usage lines of its session's file. */
export function parseGeminiOutput(tail: string): AgentReport {
  const events = withoutRepeats(jsonLines(tail));
  const result = events.findLast((event) => event["type"] === "result" && "stats" in event);
  const init = events.findLast((event) => event["type"] === "init");
  const sessionId = asText(init?.["session_id"]);
  const used = usageOf(events);
  const error = result ? errorOf(result, events, tail) : unfinished(tail);
  const text = lastWords(events);
  return {
    ok: error === undefined,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(used.length === 0 ? {} : { turns: used.length }),
    ...(result || used.length > 0 ? { tokens: tokensOf(result, used) } : {}),
    ...(text === "" ? {} : { text }),
    ...(error ? { error } : {}),
  };
}

/** A long log repeats some of its lines at its end. */
function withoutRepeats(events: JsonObject[]): JsonObject[] {
  return [...new Map(events.map((event) => [JSON.stringify(event), event])).values()];
}

/** The model's answers, each once: some are written down again when their tools have answered. */
function usageOf(events: JsonObject[]): JsonObject[] {
  const answers = new Map<unknown, JsonObject>();
  for (const event of events) if (event["type"] === "usage") answers.set(event["id"], event);
  return [...answers.values()];
}

/** The result counts side requests too. Its output leaves out what the model thought, its total does not. */
function tokensOf(result: JsonObject | undefined, used: JsonObject[]): Tokens {
  const tokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const stats = asObject(result?.["stats"]);
  if (stats) {
    tokens.input = asCount(stats["input"]);
    tokens.output = Math.max(
      asCount(stats["output_tokens"]),
      asCount(stats["total_tokens"]) - asCount(stats["input_tokens"]),
    );
    tokens.cacheRead = asCount(stats["cached"]);
    return tokens;
  }
  for (const answer of used) {
    tokens.input += Math.max(0, asCount(answer["input"]) - asCount(answer["cached"]));
    tokens.output += asCount(answer["output"]) + asCount(answer["thoughts"]);
    tokens.cacheRead += asCount(answer["cached"]);
  }
  return tokens;
}

/** What the model said last, put together from its pieces: a tool or the user ends what it says. */
function lastWords(events: JsonObject[]): string {
  let before = "";
  let text = "";
  for (const event of events) {
    if (event["type"] === "message" && event["role"] === "assistant") {
      text += asText(event["content"]) ?? "";
    } else if (event["type"] === "tool_use" || event["type"] === "message") {
      before = text || before;
      text = "";
    }
  }
  return text || before;
}

/** The success test without the exit code: the result is a success, and it was not stopped on the way. */
function errorOf(result: JsonObject, events: JsonObject[], tail: string): AgentError | undefined {
  const reported = asObject(result["error"]);
  const message = asText(reported?.["message"]);
  if (reported?.["type"] === "FatalTurnLimitedError") {
    return { kind: "TurnLimit", message: message ?? "it reached its limit of turns" };
  }
  if (reported?.["type"] === "FatalCancellationError") {
    return { kind: "Interrupted", message: message ?? "it was cancelled" };
  }
  if (message !== undefined) return readError(message, tail);
  const event = events.findLast((each) => each["type"] === "error" && isSerious(each));
  if (event) return { kind: "Other", message: asText(event["message"]) ?? "gemini reported an error" };
  if (result["status"] === "success") return undefined;
  return { kind: "Other", message: lastWordsOf(tail, "gemini ended with an error that it did not name") };
}

function isSerious(event: JsonObject): boolean {
  return event["severity"] === "error" || asText(event["message"])?.startsWith("Loop detected") === true;
}

/** `[API Error: …]` holds the endpoint's answer, as its body or only as the words in it. */
function readError(reported: string, tail: string): AgentError {
  const words = /^\[API Error: ([^]*?)\](?:\n[^]*)?$/.exec(reported)?.[1];
  if (words === undefined) return { kind: "Other", message: reported };
  const body = bodyOf(words);
  const message = asText(body?.["message"]) ?? words;
  const status = asNumber(body?.["code"]) ?? statusOf(reported, tail);
  // Google's answer to a wrong key is a 400.
  if (/API key (not valid|expired)|API_KEY_INVALID/i.test(words)) {
    return { kind: "Authentication", status: status ?? 400, message };
  }
  return status === undefined ? { kind: "Api", message } : { kind: errorKindOf(status), status, message };
}

function bodyOf(words: string): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(words);
    return asObject(asObject(Array.isArray(body) ? body[0] : body)?.["error"]);
  } catch {
    return undefined;
  }
}

/** The status of an answer that only its words show. */
function statusOf(reported: string, tail: string): number | undefined {
  if (/quota increase|RESOURCE_EXHAUSTED/.test(reported)) return 429;
  if (/overloaded|UNAVAILABLE/i.test(reported)) return 503;
  if (/NOT_FOUND|is not found/.test(reported)) return 404;
  return lastRetry(tail)?.status;
}

/** Why there is no result: the key is missing, the endpoint did not answer, or nobody knows. */
function unfinished(tail: string): AgentError {
  const missing = /^.*must specify .*\b(GEMINI|GOOGLE)_API_KEY\b.*$/m.exec(tail)?.[0];
  if (missing !== undefined) return { kind: "Authentication", message: missing };
  const retry = lastRetry(tail);
  if (!retry) {
    return { kind: "NoResult", message: lastWordsOf(tail, "gemini ended without a result") };
  }
  const { status } = retry;
  return status === undefined
    ? { kind: "Api", message: "the model's endpoint did not answer" }
    : { kind: errorKindOf(status), status, message: `the model's endpoint answered ${status}` };
}

/** The attempt, reported on standard error, that the run was in when it ended; none if events came after it. */
function lastRetry(tail: string): { status?: number } | undefined {
  const attempts = [...tail.matchAll(/^Attempt \d+ failed(?: with status (\d{3}))?\. Retrying/gm)];
  const last = attempts.at(-1);
  if (!last || /^\{"type":"(tool_use|tool_result|message)"/m.test(tail.slice(last.index))) return undefined;
  return last[1] === undefined ? {} : { status: Number(last[1]) };
}
