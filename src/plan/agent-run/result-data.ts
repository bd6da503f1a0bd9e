import type { AgentReport } from "../../agents/agent.ts";
import { MAX_RESULT_DATA } from "../../api/bounds.ts";
import { isObject, type JsonObject } from "../../kube/json.ts";

/** The schema that a run has as text; undefined: it is none. */
export function parseResultSchema(text: string): JsonObject | undefined {
  try {
    const schema: unknown = JSON.parse(text);
    return isObject(schema) ? schema : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What keeps an agent's answer from being a run's result of this schema; undefined: nothing. Agents and their models look at
 * all of a schema; here it is enough that a gateway which knows of none is noticed.
 */
export function wrongData(schema: string, { data }: Pick<AgentReport, "data"> = {}): string | undefined {
  if (data === undefined) return "the agent gave no result of the form that resultSchema asks for";
  const json = JSON.stringify(data);
  if (new TextEncoder().encode(json).length > MAX_RESULT_DATA)
    return `the agent's result has more than ${MAX_RESULT_DATA / 1024} KiB`;
  const wrong = mismatch(parseResultSchema(schema), data, "");
  return wrong === undefined ? undefined : `the agent's result is not what resultSchema asks for: ${wrong}`;
}

function mismatch(schema: unknown, value: unknown, path: string): string | undefined {
  if (!isObject(schema)) return undefined;
  const at = path === "" ? "it" : path;
  const types = [schema["type"]].flat().filter((type) => typeof type === "string");
  if (types.length > 0 && !types.some((type) => isOfType(type, value)))
    return `${at} is no ${types.join(" or ")}`;
  if (Array.isArray(schema["enum"]) && !schema["enum"].some((each) => isSame(each, value)))
    return `${at} is none of the values of its enum`;
  if ("const" in schema && !isSame(schema["const"], value)) return `${at} is not its const`;
  if (isObject(value)) return ofObject(schema, value, path, at);
  if (!Array.isArray(value)) return undefined;
  return firstOf(
    value.map((item: unknown, index) => () => mismatch(schema["items"], item, `${path}[${index}]`)),
  );
}

function ofObject(schema: JsonObject, value: JsonObject, path: string, at: string): string | undefined {
  const required: unknown[] = Array.isArray(schema["required"]) ? schema["required"] : [];
  const absent = required.find((key) => typeof key === "string" && !Object.hasOwn(value, key));
  if (absent !== undefined) return `${at} has no ${String(absent)}`;
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  return firstOf(
    Object.entries(value).map(([key, item]) => () => {
      const inner = `${path}.${key}`;
      if (Object.hasOwn(properties, key)) return mismatch(properties[key], item, inner);
      const isClosed = schema["additionalProperties"] === false && schema["patternProperties"] === undefined;
      return isClosed ? `${at} has ${key}, which is none of its properties` : undefined;
    }),
  );
}

function firstOf(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const found = look();
    if (found !== undefined) return found;
  }
  return undefined;
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
