import { bytesToBase64 } from "../../../kube/base64.ts";
import { type MutableObject } from "../answers/json-object.ts";
import { isObject } from "../../../kube/json.ts";
import type { GoField, GoType, GoTypes } from "../kinds/types/notation.ts";
import { unsupportedMediaType } from "../answers/status-error.ts";

/** The media type of Kubernetes' protobuf form. */
export const PROTOBUF = "application/vnd.kubernetes.protobuf";

/** The prefix of every object in Kubernetes' protobuf form. Source: apimachinery runtime/serializer/protobuf. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

type Wire = number | Uint8Array;

/**
 * The JSON of a body in Kubernetes' protobuf form, as kubectl sends what it creates by name. Throws 415
 * for a kind or a field whose number the type tables do not have: nothing is dropped in silence.
 */
export function decodeProtobuf(types: GoTypes, body: Uint8Array): string {
  if (MAGIC.some((byte, index) => body[index] !== byte)) {
    throw unsupportedMediaType("the body does not start as Kubernetes' protobuf form does");
  }
  const envelope = new Map(readFields(body.subarray(MAGIC.length)));
  const typeMeta = new Map(readFields(bytesOf(envelope.get(1))));
  const apiVersion = textOf(typeMeta.get(1));
  const kind = textOf(typeMeta.get(2));
  const message = apiVersion.startsWith("events.k8s.io/") ? "EventV1" : kind;
  if (![...(types.get(message)?.values() ?? [])].some(({ numbers }) => numbers.length > 0)) {
    throw unsupportedMediaType(
      `objects of kind ${kind || "(none)"} are read as application/json and application/yaml only; apply a manifest instead`,
    );
  }
  const decode = createDecoder(types);
  return JSON.stringify({ apiVersion, kind, ...decode(message, bytesOf(envelope.get(2))) });
}

type Decoder = (message: string, bytes: Uint8Array) => MutableObject;

/** Fields by their numbers; a message that JSON does not have leads to the fields within it. */
type Layout = Map<number, { name: string; field: GoField } | Layout>;

function layoutOf(types: GoTypes, message: string): Layout {
  const layout: Layout = new Map();
  for (const [name, field] of types.get(message) ?? []) {
    const [outer, inner] = field.numbers;
    if (outer === undefined) continue;
    if (inner === undefined) layout.set(outer, { name, field });
    else {
      const within = layout.get(outer) ?? new Map();
      if (within instanceof Map) layout.set(outer, within.set(inner, { name, field }));
    }
  }
  return layout;
}

function createDecoder(types: GoTypes): Decoder {
  const layouts = new Map<string, Layout>();
  const fill = (object: MutableObject, layout: Layout, message: string, bytes: Uint8Array): void => {
    for (const [number, wire] of readFields(bytes)) {
      const place = layout.get(number);
      if (place === undefined) {
        throw unsupportedMediaType(
          `field ${number} of ${message} is not known in its protobuf form; send application/json`,
        );
      }
      if (place instanceof Map) fill(object, place, message, bytesOf(wire));
      else setField(object, place.name, place.field, wire, decode);
    }
  };
  const decode: Decoder = (message, bytes) => {
    const layout = layouts.get(message) ?? layoutOf(types, message);
    layouts.set(message, layout);
    const object: MutableObject = {};
    fill(object, layout, message, bytes);
    return object;
  };
  return decode;
}

function setField(object: MutableObject, name: string, field: GoField, wire: Wire, decode: Decoder): void {
  const { type } = field;
  const before = object[name];
  if (type.kind === "list") {
    const items = Array.isArray(before) ? before : [];
    object[name] = [...items, decodeValue(type.element, wire, decode)];
  } else if (type.kind === "map") {
    const entry = new Map(readFields(bytesOf(wire)));
    const value = decodeValue(type.element, entry.get(2) ?? new Uint8Array(), decode);
    object[name] = {
      ...(isObject(before) ? before : {}),
      ...Object.fromEntries([[textOf(entry.get(1)), value]]),
    };
  } else {
    const value = decodeValue(type, wire, decode);
    const isZero = value === "" || value === 0 || value === false;
    if (value !== undefined && !(isZero && field.presence === "omitempty")) object[name] = value;
  }
}

function decodeValue(type: GoType, wire: Wire, decode: Decoder): unknown {
  if (type.kind === "struct") return decode(type.name, bytesOf(wire));
  if (type.kind !== "scalar") throw malformed();
  switch (type.scalar) {
    case "bool":
      return numberOf(wire) !== 0;
    case "int32":
    case "int64":
      return numberOf(wire);
    case "string":
      return textOf(bytesOf(wire));
    case "bytes":
      return bytesToBase64(bytesOf(wire));
    case "quantity":
      return textOf(new Map(readFields(bytesOf(wire))).get(1));
    case "time":
    case "microTime":
      return decodeTime(bytesOf(wire));
    case "intOrString":
      return decodeIntOrString(bytesOf(wire));
    default:
      // A status, which a server sets itself, or a part that is empty.
      if (bytesOf(wire).length === 0) return undefined;
      throw unsupportedMediaType("the body has parts that are read as application/json only; send that");
  }
}

/** meta/v1 Time: seconds since 1970 and nanoseconds; absent is Go's zero time, which JSON does not have. */
function decodeTime(bytes: Uint8Array): string | undefined {
  const fields = new Map(readFields(bytes));
  const seconds = fields.get(1);
  if (typeof seconds !== "number" || seconds <= 0) return undefined;
  const nanoseconds = Number(fields.get(2) ?? 0);
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1_000_000)).toISOString();
}

function decodeIntOrString(bytes: Uint8Array): number | string {
  const fields = new Map(readFields(bytes));
  return fields.get(1) === 1 ? textOf(fields.get(3)) : numberOf(fields.get(2) ?? 0);
}

/** Fields by number, in their order: varints as numbers, length-delimited ones as bytes. */
function readFields(bytes: Uint8Array): [number, Wire][] {
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

function bytesOf(wire: Wire | undefined): Uint8Array {
  if (wire === undefined) return new Uint8Array();
  if (typeof wire === "number") throw malformed();
  return wire;
}

function numberOf(wire: Wire): number {
  if (typeof wire === "number") return wire;
  throw malformed();
}

function textOf(wire: Wire | undefined): string {
  return new TextDecoder().decode(bytesOf(wire));
}

function malformed(): Error {
  return unsupportedMediaType("the body is no valid protobuf");
}
