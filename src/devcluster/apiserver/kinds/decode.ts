import { type MutableObject } from "../answers/json-object.ts";
import { isObject, jsonKind } from "../../../kube/json.ts";
import { canonicalQuantity } from "../../../kube/quantity.ts";
import type { GoField, GoStruct, GoType, GoTypes, Scalar } from "./types/notation.ts";

/** Why Go's decoder refuses a document, in its words. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** A document as Go has read it. */
export interface Decoded {
  /** As a real server would serve it: zero values dropped or shown as their Go type says. */
  value: MutableObject;
  /** Paths of fields that the type does not have, e.g. `spec.containers[0].foo`. */
  unknown: string[];
}

interface Place {
  types: GoTypes;
  unknown: string[];
  /** Name of the struct that holds the field, and the path to it without indexes. */
  struct: string;
  fields: readonly string[];
  /** The path with indexes. */
  path: string;
}

/** Reads `value` as Go reads JSON into the type; throws DecodeError if Go would refuse it. */
export function decode(types: GoTypes, typeName: string, value: unknown): Decoded {
  const unknown: string[] = [];
  const decoded = decodeStruct(value, typeName, { types, unknown, struct: typeName, fields: [], path: "" });
  return { value: decoded, unknown };
}

function goName(type: GoType): string {
  if (type.kind === "list") return `[]${goName(type.element)}`;
  if (type.kind === "map") return `map[string]${goName(type.element)}`;
  if (type.kind === "struct") return `v1.${type.name}`;
  return { bytes: "[]uint8", number: "float64" }[type.scalar as string] ?? type.scalar;
}

function mismatch(value: unknown, type: GoType, place: Place): DecodeError {
  const where =
    place.fields.length === 0 ? "Go value" : `Go struct field ${place.struct}.${place.fields.join(".")}`;
  return new DecodeError(`json: cannot unmarshal ${jsonKind(value)} into ${where} of type ${goName(type)}`);
}

function decodeStruct(value: unknown, name: string, place: Place): MutableObject {
  if (!isObject(value)) throw mismatch(value, { kind: "struct", name, atomic: false }, place);
  const struct: GoStruct = place.types.get(name) ?? new Map();
  const decoded: MutableObject = {};
  for (const [key, raw] of Object.entries(value)) {
    const field = struct.get(key);
    const path = place.path === "" ? key : `${place.path}.${key}`;
    if (field === undefined) {
      place.unknown.push(path);
      continue;
    }
    if (raw === null) continue;
    const at = { ...place, struct: name, fields: [...place.fields, key], path };
    const result = decodeValue(raw, field.type, at);
    if (field.presence !== "omitempty" || !isZero(result, field.type)) decoded[key] = result;
  }
  for (const [key, field] of struct) {
    if (key in decoded) continue;
    const zero = zeroShown(field, place);
    if (zero !== undefined) decoded[key] = zero;
  }
  return decoded;
}

function decodeValue(value: unknown, type: GoType, place: Place): unknown {
  if (type.kind === "scalar") return decodeScalar(value, type, place);
  if (type.kind === "struct") return decodeStruct(value, type.name, place);
  if (type.kind === "list") {
    if (!Array.isArray(value)) throw mismatch(value, type, place);
    return value.map((item: unknown, index) => {
      const at = { ...place, path: `${place.path}[${index}]` };
      return item === null ? zeroElement(type.element, at) : decodeValue(item, type.element, at);
    });
  }
  if (!isObject(value)) throw mismatch(value, type, place);
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    const at = { ...place, path: `${place.path}.${key}` };
    return [key, item === null ? zeroElement(type.element, at) : decodeValue(item, type.element, at)];
  });
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(entries);
}

function zeroElement(type: GoType, place: Place): unknown {
  if (type.kind === "struct") return decodeStruct({}, type.name, place);
  if (type.kind !== "scalar") return null;
  if (type.scalar === "string" || type.scalar === "bytes") return "";
  if (type.scalar === "quantity") return "0";
  return null;
}

/** What Go shows for a field that the document does not have; undefined: nothing. */
function zeroShown(field: GoField, place: Place): unknown {
  const { type } = field;
  if (type.kind === "struct" && field.presence === "omitempty") return decodeStruct({}, type.name, place);
  if (field.presence !== "always") return undefined;
  if (type.kind === "struct") return decodeStruct({}, type.name, place);
  if (type.kind !== "scalar") return null;
  if (type.scalar === "string") return "";
  if (type.scalar === "bool") return false;
  return type.scalar === "int32" || type.scalar === "int64" ? 0 : null;
}

function isZero(value: unknown, type: GoType): boolean {
  if (type.kind === "struct") return false;
  if (type.kind === "list") return Array.isArray(value) && value.length === 0;
  if (type.kind === "map") return isObject(value) && Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false;
}

const INTEGER_LIMITS: Partial<Record<Scalar, number>> = {
  int32: 2 ** 31 - 1,
  int64: Number.MAX_SAFE_INTEGER * 1025,
};

function decodeScalar(value: unknown, type: GoType & { kind: "scalar" }, place: Place): unknown {
  switch (type.scalar) {
    case "any":
      return value;
    case "string":
      if (typeof value !== "string") throw mismatch(value, type, place);
      return value;
    case "bool":
      if (typeof value !== "boolean") throw mismatch(value, type, place);
      return value;
    case "int32":
    case "int64":
      return decodeInteger(value, type, place);
    case "number":
      if (typeof value !== "number") throw mismatch(value, type, place);
      return value;
    case "intOrString":
      if (typeof value !== "string" && !Number.isInteger(value)) throw mismatch(value, type, place);
      return value;
    case "quantity":
      return decodeQuantity(value);
    case "bytes":
      return decodeBytes(value, type, place);
    default:
      return decodeTime(value, type, place);
  }
}

function decodeInteger(value: unknown, type: GoType & { kind: "scalar" }, place: Place): number {
  if (typeof value !== "number") throw mismatch(value, type, place);
  if (!Number.isInteger(value) || Math.abs(value) > (INTEGER_LIMITS[type.scalar] ?? 0)) {
    const field = `${place.struct}.${place.fields.join(".")}`;
    throw new DecodeError(
      `json: cannot unmarshal number ${value} into Go struct field ${field} of type ${type.scalar}`,
    );
  }
  return value;
}

function decodeQuantity(value: unknown): string {
  const parsed =
    typeof value === "string" || typeof value === "number" ? canonicalQuantity(value) : undefined;
  if (parsed?.value !== undefined) return parsed.value;
  throw new DecodeError(
    parsed?.error ??
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  );
}

function decodeBytes(value: unknown, type: GoType, place: Place): string {
  if (typeof value !== "string") throw mismatch(value, type, place);
  // Go's decoder skips line breaks; what it then finds wrong it reports by position.
  const text = value.replace(/[\r\n]/g, "");
  const good = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(good);
  const padded = (good + rest.length) % 4 === 0 && /^={0,2}$/.test(rest) && (rest === "" || good % 4 >= 2);
  if (!padded) {
    const at = /^=*$/.test(rest) ? text.length - (rest === "" ? 0 : rest.length) : good;
    throw new DecodeError(`illegal base64 data at input byte ${at}`);
  }
  return text;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function decodeTime(value: unknown, type: GoType & { kind: "scalar" }, place: Place): string {
  if (typeof value !== "string") throw mismatch(value, type, place);
  const time = RFC_3339.test(value) ? new Date(value) : undefined;
  const layout = type.scalar === "time" ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`,
    );
  }
  const seconds = time.toISOString().slice(0, 19);
  if (type.scalar === "time") return `${seconds}Z`;
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? "";
  return `${seconds}.${fraction.padEnd(6, "0").slice(0, 6)}Z`;
}
