import { celMap, type CelInput } from "@bufbuild/cel";
import { create } from "@bufbuild/protobuf";
import { DurationSchema, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { parseDuration } from "../../duration.ts";
import { isObject, type JsonObject } from "../../json.ts";
import type { SchemaNode } from "../node.ts";
import { escapeName } from "./names.ts";

function durationValue(text: string): CelInput {
  const seconds = parseDuration(text) ?? 0;
  const whole = Math.trunc(seconds);
  return create(DurationSchema, { seconds: BigInt(whole), nanos: Math.round((seconds - whole) * 1e9) });
}

function bytesValue(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function stringValue(format: string, text: string): CelInput {
  switch (format) {
    case "date":
    case "date-time": {
      const date = new Date(text);
      return Number.isNaN(date.getTime()) ? text : timestampFromDate(date);
    }
    case "duration":
      return parseDuration(text) === undefined ? text : durationValue(text);
    case "byte":
      return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? bytesValue(text) : text;
    default:
      return text;
  }
}

/** Only what every object has is visible of metadata: its name and generateName. */
function metadataValue(metadata: unknown): CelInput {
  const fields = isObject(metadata) ? Object.entries(metadata) : [];
  return new Map(
    fields.flatMap(([key, value]): [string, string][] =>
      (key === "name" || key === "generateName") && typeof value === "string" ? [[key, value]] : [],
    ),
  );
}

function objectValue(node: SchemaNode | undefined, object: JsonObject, isResource: boolean): CelInput {
  const fields = new Map<string, CelInput>();
  for (const [key, value] of Object.entries(object)) {
    const property = node?.properties.get(key);
    if (isResource && (key === "apiVersion" || key === "kind") && typeof value === "string") {
      fields.set(key, value);
    } else if (isResource && key === "metadata") {
      fields.set(key, metadataValue(value));
    } else if (property !== undefined) {
      const name = escapeName(key);
      if (name !== undefined) fields.set(name, celValue(property, value));
    } else if (node === undefined || node.preserveUnknown || node.additional !== undefined) {
      fields.set(key, celValue(typeof node?.additional === "object" ? node.additional : undefined, value));
    }
  }
  return [...fields.values()].includes(null) ? withPresentNulls(fields) : fields;
}

/** The library takes a null for an absent field; to Kubernetes `has()` of a nullable null is true. */
function withPresentNulls(fields: ReadonlyMap<string, CelInput>): CelInput {
  return Object.assign(celMap(fields), {
    has: (key: unknown) => typeof key === "string" && fields.has(key),
  });
}

/** A JSON value as a CEL rule sees it: typed by the schema, unknown whole numbers as int. */
export function celValue(
  node: SchemaNode | undefined,
  value: unknown,
  isResource = node?.embedded === true,
): CelInput {
  if (typeof value === "string")
    return stringValue(node?.intOrString === true ? "" : (node?.format ?? ""), value);
  if (typeof value === "number") {
    const isDouble = node?.types.length === 1 && node.types[0] === "number";
    return Number.isInteger(value) && !isDouble ? BigInt(value) : value;
  }
  if (typeof value === "boolean") return value;
  if (Array.isArray(value)) return (value as readonly unknown[]).map((item) => celValue(node?.items, item));
  return isObject(value) ? objectValue(node, value, isResource) : null;
}
