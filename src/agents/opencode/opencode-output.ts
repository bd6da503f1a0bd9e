import type { AgentError, AgentReport, Tokens } from "../agent.ts";
import { asCount, asNumber, asText, errorKindOf, formatCost, jsonLines, lastWordsOf } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";

/** Reads the tail of `opencode run --format json`: its steps, its last text and its error. */
export function parseOpencodeOutput(tail: string): AgentReport {
  const events = jsonLines(tail);
  const sessionId = asText(events.findLast((event) => "sessionID" in event)?.["sessionID"]);
  const steps = uniqueSteps(events);
  const error = errorOf(events, steps, tail);
  const text = asText(partOf(events.findLast((event) => event["type"] === "text"))?.["text"]);
  return {
    ok: error === undefined,
    ...(sessionId === undefined ? {} : { sessionId }),
    turns: steps.length,
    tokens: tokensOf(steps),
    ...costOf(steps),
    ...(text === undefined ? {} : { text }),
    ...(error ? { error } : {}),
  };
}

function partOf(event: JsonObject | undefined): JsonObject | undefined {
  return asObject(event?.["part"]);
}

/** Each finished step once, in order: a long log repeats them at its end. */
function uniqueSteps(events: JsonObject[]): JsonObject[] {
  const steps = new Map<string, JsonObject>();
  for (const event of events) {
    const part = event["type"] === "step_finish" ? partOf(event) : undefined;
    const id = asText(part?.["id"]);
    if (part && id !== undefined) steps.set(id, part);
  }
  return [...steps.values()];
}

/** agents.md's success test without the exit code: no error, and the last step ended with `stop`. */
function errorOf(events: JsonObject[], steps: JsonObject[], tail: string): AgentError | undefined {
  const reported = asObject(events.findLast((event) => event["type"] === "error")?.["error"]);
  if (reported) return readError(reported);
  const reason = asText(steps.at(-1)?.["reason"]);
  if (reason === "stop") return undefined;
  if (reason === undefined) {
    return { kind: "NoResult", message: lastWordsOf(tail, "opencode ended without finishing a step") };
  }
  return {
    kind: "NoResult",
    message: lastWordsOf(tail, `opencode ended before the model had finished (last step: ${reason})`),
  };
}

function readError(error: JsonObject): AgentError {
  const data = asObject(error["data"]);
  const name = asText(error["name"]) ?? "error";
  const message = asText(data?.["message"]) ?? name;
  const status = asNumber(data?.["statusCode"]);
  if (name === "ProviderAuthError") return { kind: "Authentication", message };
  if (name === "MessageAbortedError") return { kind: "Interrupted", message };
  if (name === "ProviderModelNotFoundError") return { kind: "Model", message };
  return { kind: errorKindOf(status), ...(status === undefined ? {} : { status }), message };
}

/** Nothing at all for a model whose prices opencode does not know: it counts those as free. */
function costOf(steps: JsonObject[]): { costUSD?: string } {
  const dollars = steps.reduce((sum, step) => sum + Math.max(0, asNumber(step["cost"]) ?? 0), 0);
  return dollars > 0 ? { costUSD: formatCost(dollars) } : {};
}

function tokensOf(steps: JsonObject[]): Tokens {
  const tokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  for (const step of steps) {
    const spent = asObject(step["tokens"]);
    const cache = asObject(spent?.["cache"]);
    tokens.input += asCount(spent?.["input"]);
    tokens.output += asCount(spent?.["output"]) + asCount(spent?.["reasoning"]);
    tokens.cacheRead += asCount(cache?.["read"]);
    tokens.cacheWrite += asCount(cache?.["write"]);
  }
  return tokens;
}
