import type { AgentError, AgentReport, Tokens } from "../agent.ts";
import { asCount, asNumber, asText, errorKindOf, jsonLines, lastWordsOf } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";

/** Reads the tail of `codex exec --json`, with the usage lines that the entrypoint takes from its session. */
export function parseCodexOutput(tail: string): AgentReport {
  const events = jsonLines(tail);
  const sessionId = asText(events.findLast(isType("thread.started"))?.["thread_id"]);
  const text = events.map(wordsOf).findLast((words) => words !== undefined);
  const error = errorOf(events, tail);
  return {
    ok: error === undefined,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...usageOf(events, sessionId),
    ...(text === undefined ? {} : { text, ...dataOf(text) }),
    ...(error ? { error } : {}),
  };
}

function isType(type: string): (event: JsonObject) => boolean {
  return (event) => event["type"] === type;
}

/** What the agent said in this event. */
function wordsOf(event: JsonObject): string | undefined {
  const item = event["type"] === "item.completed" ? asObject(event["item"]) : undefined;
  return item?.["type"] === "agent_message" ? asText(item["text"]) : undefined;
}

/** With a schema its last words are the result. */
function dataOf(text: string): Pick<AgentReport, "data"> {
  const [data] = jsonLines(text);
  return text.startsWith("{") && data ? { data } : {};
}

/**
 * Whether it shows how the run went. The session's name says nothing of it, wherever it is repeated, nor do
 * codex's own notices, which may come between the tries of one request.
 */
function isTelling(event: JsonObject): boolean {
  const isNotice = asObject(event["item"])?.["type"] === "error";
  return !isNotice && /^(turn\.completed|turn\.failed|error|item\..*)$/.test(asText(event["type"]) ?? "");
}

/** None if the turn was completed; else why it failed, or what it was at when it ended. */
function errorOf(events: JsonObject[], tail: string): AgentError | undefined {
  const last = events.findLast(isTelling);
  if (last?.["type"] === "turn.completed") return undefined;
  const message =
    last?.["type"] === "turn.failed" ? asText(asObject(last["error"])?.["message"]) : retryOf(last);
  return message === undefined
    ? { kind: "NoResult", message: lastWordsOf(tail, "codex ended without completing its turn") }
    : readFailure(message);
}

/** Why the endpoint was being asked again; none when the model answered afterwards. */
function retryOf(event: JsonObject | undefined): string | undefined {
  if (event?.["type"] !== "error") return undefined;
  const message = asText(event["message"]);
  return /^Reconnecting\.\.\. .*? ?\((.*)\)$/s.exec(message ?? "")?.[1] ?? message;
}

/** What codex's own words stand for, if it gives no status. */
const WORDS: readonly [RegExp, AgentError["kind"]][] = [
  [/missing environment variable/i, "Authentication"],
  [/usage limit|quota|rate limit/i, "RateLimited"],
  [/high demand|at capacity|overloaded/i, "Overloaded"],
  [/connection failed|stream disconnected|error sending request|timeout|timed out/i, "Api"],
];

function readFailure(message: string): AgentError {
  const refusal = readRefusal(message);
  if (refusal) return refusal;
  const status = asNumber(Number(/\bstatus:? (\d{3})\b/.exec(message)?.[1]));
  if (status !== undefined) return { kind: errorKindOf(status), status, message };
  const kind = WORDS.find(([words]) => words.test(message))?.[1] ?? "Other";
  return { kind, message };
}

/** Of a request that the endpoint finds wrong, codex shows the whole answer. */
function readRefusal(message: string): AgentError | undefined {
  const error = asObject(jsonLines(message)[0]?.["error"]);
  if (!error) return undefined;
  const kind = error["code"] === "model_not_found" ? "Model" : "Api";
  return { kind, status: 400, message: asText(error["message"]) ?? message };
}

/**
 * Turns and tokens of this attempt. There is a usage line for each answer of the model, to sub-agents too.
 * It has the sum of all answers to the same prompt so far, so the last one for each prompt counts.
 */
function usageOf(events: JsonObject[], sessionId: string | undefined): Pick<AgentReport, "turns" | "tokens"> {
  const lines = events.filter(isType("usage"));
  if (lines.length === 0) return soFar(events.findLast(isType("turn.completed")));
  const sums = new Map(lines.map((line) => [`${line["thread_id"]} ${line["turn_id"]}`, line]));
  return {
    turns: lines.filter((line) => line["thread_id"] === sessionId).length,
    tokens: [...sums.values()].map(tokensOf).reduce(plus),
  };
}

/** The session's sum, if its files have none. */
function soFar(completed: JsonObject | undefined): Pick<AgentReport, "tokens"> {
  const usage = asObject(completed?.["usage"]);
  return usage ? { tokens: tokensOf(usage) } : {};
}

/** Codex counts what came from and went to the cache as input too. */
function tokensOf(usage: JsonObject): Tokens {
  const cacheRead = asCount(usage["cached_input_tokens"]);
  const cacheWrite = asCount(usage["cache_write_input_tokens"]);
  const input = Math.max(0, asCount(usage["input_tokens"]) - cacheRead - cacheWrite);
  return { input, output: asCount(usage["output_tokens"]), cacheRead, cacheWrite };
}

function plus(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}
