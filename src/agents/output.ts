import { asObject, type JsonObject } from "../kube/json.ts";
import type { AgentErrorKind } from "./agent.ts";

/** The JSON objects among the lines of a log's tail, in order; cut, foreign and broken lines are left out. */
export function jsonLines(tail: string): JsonObject[] {
  const objects: JsonObject[] = [];
  for (const line of tail.split("\n")) {
    const object = line.startsWith("{") ? parseObject(line) : undefined;
    if (object) objects.push(object);
  }
  return objects;
}

/** Of an agent that has ended without saying why in its own form: what it said last, in one line; else `otherwise`. */
export function lastWordsOf(tail: string, otherwise: string): string {
  const said = tail
    .split("\n")
    // Without colours and whatever else a terminal would obey.
    .map((line) => line.replaceAll(/\p{Cc}(\[[0-9;?]*[A-Za-z])?/gu, "").trim())
    .filter((line) => line !== "" && !line.startsWith("{"));
  const text = said.slice(-LAST_LINES).join(" ");
  return text === "" ? `${otherwise}; see the agent's log` : `${otherwise}: ${text.slice(-LAST_CHARACTERS)}`;
}

/** As many as a reader of the status can take in. */
const LAST_LINES = 6;
const LAST_CHARACTERS = 1000;

function parseObject(line: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined;
  }
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A finite number, or undefined. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A count of something: a whole number of zero or more; anything else counts nothing. */
export function asCount(value: unknown): number {
  const number = asNumber(value);
  return number !== undefined && number >= 0 ? Math.trunc(number) : 0;
}

/** US dollars as a decimal string: at most eight places, no exponent, no trailing zeros. */
export function formatCost(dollars: number): string {
  const fixed = dollars.toFixed(8);
  return fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
}

/** What an HTTP status of a model's endpoint means for the run. */
export function errorKindOf(status: number | undefined): AgentErrorKind {
  if (status === 401 || status === 403) return "Authentication";
  if (status === 429) return "RateLimited";
  if (status === 529 || status === 503) return "Overloaded";
  if (status === 404) return "Model";
  return status === undefined ? "Other" : "Api";
}
