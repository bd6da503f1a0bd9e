import { unsupportedMediaType } from "../errors.ts";
import { MESSAGES } from "./protobuf-messages.ts";
import type { MessageFields } from "./protobuf-messages.ts";

export const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** What stands before every object in Kubernetes' protobuf form. Source: apimachinery runtime/serializer/protobuf. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

type Wire = number | Buffer;

/**
 * The JSON of a body in Kubernetes' protobuf form, for the kinds that kubectl sends so. Throws 415 for
 * any other kind and for a field that is not known here: nothing is dropped in silence.
 */
export function decodeProtobuf(body: Buffer): string {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw unsupportedMediaType("the body does not start as Kubernetes' protobuf form does");
  }
  const envelope = decodeMessage("Unknown", body.subarray(MAGIC.length));
  const { apiVersion = "", kind = "" } = asFields(envelope["typeMeta"]);
  const raw = Buffer.from(String(envelope["raw"] ?? ""), "base64");
  if (typeof kind !== "string" || MESSAGES[kind] === undefined) {
    throw unsupportedMediaType(
      `objects of kind ${String(kind) || "(none)"} are read as application/json and application/yaml only; apply a manifest instead`,
    );
  }
  return JSON.stringify({ apiVersion, kind, ...decodeMessage(kind, raw) });
}

function decodeMessage(message: string, bytes: Buffer): Record<string, unknown> {
  const fields = MESSAGES[message] ?? {};
  const object: Record<string, unknown> = {};
  for (const [number, wire] of readFields(bytes)) {
    const field = fieldOf(fields, number, message);
    if (field.type === "ignored") continue;
    if (field.repeated) {
      const before = object[field.name];
      object[field.name] = [...(Array.isArray(before) ? before : []), decodeValue(field.type, wire)];
    } else if (field.type === "strings" || field.type === "bytesMap") {
      object[field.name] = { ...asFields(object[field.name]), ...decodeEntry(field.type, wire) };
    } else {
      const value = decodeValue(field.type, wire);
      if (field.keepsZero || !isZero(value)) object[field.name] = value;
    }
  }
  return object;
}

interface Field {
  name: string;
  type: string;
  repeated: boolean;
  keepsZero: boolean;
}

function fieldOf(fields: MessageFields, number: number, message: string): Field {
  const match = /^(\w+):(\w+)(\[\])?(\?)?$/.exec(fields[number] ?? "");
  if (match === null) {
    throw unsupportedMediaType(
      `field ${number} of ${message} is not known in its protobuf form; send application/json`,
    );
  }
  const [, name = "", type = "", repeated, keepsZero] = match;
  return { name, type, repeated: repeated !== undefined, keepsZero: keepsZero !== undefined };
}

function decodeValue(type: string, wire: Wire): unknown {
  if (typeof wire === "number") {
    if (type === "bool") return wire !== 0;
    if (type === "int") return wire;
    throw malformed();
  }
  if (type === "bool" || type === "int") throw malformed();
  if (type === "string") return wire.toString("utf8");
  if (type === "bytes") return wire.toString("base64");
  return type === "time" ? decodeTime(wire) : decodeMessage(type, wire);
}

/** meta/v1 Time: seconds since 1970; absent is Go's zero time. */
function decodeTime(bytes: Buffer): string {
  const seconds = readFields(bytes).find(([number]) => number === 1)?.[1];
  if (typeof seconds !== "number" || seconds <= 0) return "";
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
}

function decodeEntry(type: string, wire: Wire): Record<string, string> {
  if (typeof wire === "number") throw malformed();
  const entry = new Map(readFields(wire));
  const text = (number: number, encoding: BufferEncoding): string => {
    const value = entry.get(number);
    return Buffer.isBuffer(value) ? value.toString(encoding) : "";
  };
  return { [text(1, "utf8")]: text(2, type === "strings" ? "utf8" : "base64") };
}

/** Fields by number, in their order: varints as numbers, length-delimited ones as bytes. */
function readFields(bytes: Buffer): [number, Wire][] {
  const fields: [number, Wire][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    throw malformed();
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) {
      fields.push([tag >>> 3, varint()]);
    } else {
      const length = varint();
      if ((tag & 7) !== 2 || length < 0 || at + length > bytes.length) throw malformed();
      fields.push([tag >>> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
}

function malformed(): Error {
  return unsupportedMediaType("the body is no valid protobuf");
}

/** What Go leaves out of JSON: zero values, and messages in which nothing is set. */
function isZero(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === "" || value === 0 || value === false;
}

function asFields(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
