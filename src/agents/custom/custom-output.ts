import type { AgentError, AgentReport, Tokens } from "../agent.ts";
import { asCount, asNumber, asText, errorKindOf, formatCost, jsonLines } from "../output.ts";
import type { JsonObject } from "../../kube/json.ts";
import { asObject } from "../../kube/json.ts";

/** As many lines of its output, and characters of them, say what a program has done or why it failed. */
const LAST_LINES = 20;
const LAST_CHARACTERS = 4000;

/**
 * Reads what the entrypoint reports of a program's output: its last line if that is a JSON object with
 * `"type": "result"`, else its last lines. `log` is there only if the program failed.
 */
export function parseCustomOutput(tail: string): AgentReport {
  const told = jsonLines(tail).findLast((line) => line["type"] === "agent-operator-text");
  if (!told) {
    return { ok: false, error: { kind: "NoResult", message: "the program was killed; see its log" } };
  }
  const lines = linesOf(told["output"]);
  const result = resultOf(lines.at(-1));
  const text = asText(result?.["text"]) ?? lastOf(result ? lines.slice(0, -1) : lines);
  const message = failureOf(told, result, text);
  return {
    ok: message === undefined,
    ...(result ? factsOf(result) : {}),
    ...(text === "" ? {} : { text }),
    ...(message === undefined ? {} : { error: errorOf(result, message) }),
  };
}

/** A cut at the start may have left half a character. */
function linesOf(value: unknown): string[] {
  return (asText(value) ?? "")
    .replace(/^\uFFFD+/, "")
    .trimEnd()
    .split("\n");
}

function resultOf(line = ""): JsonObject | undefined {
  const [object] = jsonLines(line.trimStart());
  return object?.["type"] === "result" ? object : undefined;
}

/** Why the program failed, in its own words; undefined if it did not. */
function failureOf(told: JsonObject, result: JsonObject | undefined, text: string): string | undefined {
  const failed = result?.["ok"] === false;
  const own = failed ? text : "";
  if ("log" in told) return own || lastOf(linesOf(told["log"])) || "it wrote nothing";
  return failed ? own || "it reported a failure" : undefined;
}

/** A program that knows with which HTTP status the model's endpoint refused it can report that. */
function errorOf(result: JsonObject | undefined, message: string): AgentError {
  const status = asNumber(result?.["status"]);
  if (status === undefined || status < 400 || status > 599) return { kind: "Other", message };
  return { kind: errorKindOf(status), status, message };
}

/** The last lines, not more than fit. */
function lastOf(lines: readonly string[]): string {
  const text = lines.slice(-LAST_LINES).join("\n").trim();
  const characters = [...text];
  return characters.length <= LAST_CHARACTERS ? text : `…${characters.slice(-LAST_CHARACTERS + 1).join("")}`;
}

function factsOf(result: JsonObject): Pick<AgentReport, "sessionId" | "turns" | "tokens" | "costUSD"> {
  const sessionId = asText(result["sessionId"]);
  const tokens = asObject(result["tokens"]);
  const costUSD = costOf(result["costUSD"]);
  return {
    ...(sessionId ? { sessionId } : {}),
    ...(asNumber(result["turns"]) === undefined ? {} : { turns: asCount(result["turns"]) }),
    ...(tokens ? { tokens: tokensOf(tokens) } : {}),
    ...(costUSD === undefined ? {} : { costUSD }),
  };
}

function tokensOf(told: JsonObject): Tokens {
  return {
    input: asCount(told["input"]),
    output: asCount(told["output"]),
    cacheRead: asCount(told["cacheRead"]),
    cacheWrite: asCount(told["cacheWrite"]),
  };
}

/** A number, or one as text. */
function costOf(value: unknown): string | undefined {
  const cost =
    typeof value === "string" && /^[0-9]+([.][0-9]+)?$/.test(value) ? Number(value) : asNumber(value);
  return cost === undefined || cost < 0 || cost >= 1e9 ? undefined : formatCost(cost);
}
