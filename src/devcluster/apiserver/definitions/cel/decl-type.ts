import type { SchemaNode } from "../../../../kube/schema/node.ts";
import { escapeName } from "../../../../kube/schema/cel/names.ts";

/** The static types of CEL expressions over a schema, with what cost estimates need. Source: apiserver pkg/cel/common/schemas.go. */

export type DeclKind =
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "timestamp"
  | "duration"
  | "list"
  | "map"
  | "object"
  | "null"
  | "type"
  | "dyn"
  | "quantity"
  | "url"
  | "optional";

export interface DeclType {
  readonly kind: DeclKind;
  /** The most characters, bytes, items or entries a value can have; 0 for what has no size; Infinity unknown. */
  readonly size: number;
  /** The fewest bytes of JSON that a value takes. */
  readonly minBytes: number;
  /** Of items, of a map's values, of what an optional holds. */
  readonly element?: DeclType;
  readonly fields?: ReadonlyMap<string, DeclType>;
}

const MAXIMUM_REQUEST_BYTES = 3 * 1024 * 1024;
const STRING_SIZES: Readonly<Record<string, number>> = { duration: 32, date: 12, "date-time": 32 };

function simple(kind: DeclKind, minBytes: number, size = 0): DeclType {
  return { kind, size, minBytes };
}

const NAME: DeclType = simple("string", 2, MAXIMUM_REQUEST_BYTES - 2);
const RESOURCE_FIELDS: readonly [string, DeclType][] = [
  ["kind", NAME],
  ["apiVersion", NAME],
  [
    "metadata",
    {
      ...simple("object", 2),
      fields: new Map([
        ["name", NAME],
        ["generateName", NAME],
      ]),
    },
  ],
];

function stringSize(node: SchemaNode): number {
  const { maxLength } = node.bounds;
  // Lengths are in characters of up to four bytes.
  if (maxLength !== undefined) return Math.max(0, maxLength) * 4;
  if (node.enum === undefined) return MAXIMUM_REQUEST_BYTES - 2;
  return Math.max(0, ...node.enum.map((value) => (typeof value === "string" ? value.length : 0)));
}

function stringType(node: SchemaNode): DeclType {
  switch (node.format) {
    case "byte":
      return simple("bytes", 2, node.bounds.maxLength ?? MAXIMUM_REQUEST_BYTES - 2);
    case "duration":
      return simple("duration", 3, STRING_SIZES["duration"]);
    case "date":
      return simple("timestamp", 12, STRING_SIZES["date"]);
    case "date-time":
      return simple("timestamp", 21, STRING_SIZES["date-time"]);
    default:
      return simple("string", 2, stringSize(node));
  }
}

function objectType(node: SchemaNode, isResource: boolean): DeclType | undefined {
  if (typeof node.additional === "object") {
    const element = declTypeOf(node.additional);
    if (element === undefined) return undefined;
    const most = Math.floor((MAXIMUM_REQUEST_BYTES - 2) / (element.minBytes + 6));
    return { ...simple("map", 2, node.bounds.maxProperties ?? most), element };
  }
  const fields = new Map<string, DeclType>();
  let minBytes = 2;
  for (const [name, property] of node.properties) {
    const type = declTypeOf(property);
    if (type === undefined) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    if (node.required.includes(name) && property.default === undefined)
      minBytes += name.length + type.minBytes + 4;
  }
  if (isResource) for (const [name, type] of RESOURCE_FIELDS) fields.set(name, type);
  return { ...simple("object", minBytes), fields };
}

/** The type that rules see for a schema; undefined if its type is not known, which rules cannot see. */
export function declTypeOf(node: SchemaNode, isResource = node.embedded): DeclType | undefined {
  if (node.intOrString) {
    const { maxLength } = node.bounds;
    return simple("dyn", 1, maxLength === undefined ? MAXIMUM_REQUEST_BYTES - 2 : maxLength * 4);
  }
  switch (node.types[0]) {
    case "array": {
      const element = node.items === undefined ? undefined : declTypeOf(node.items);
      if (element === undefined) return undefined;
      const most = Math.floor((MAXIMUM_REQUEST_BYTES - 2) / (element.minBytes + 1));
      return { ...simple("list", 2, node.bounds.maxItems ?? most), element };
    }
    case "object":
      return objectType(node, isResource);
    case "string":
      return stringType(node);
    case "boolean":
      return simple("bool", 4);
    case "number":
      return simple("double", 1);
    case "integer":
      return simple("int", 1);
    default:
      return undefined;
  }
}

/** How often a value of this type can be in one request: what an unbounded list or map is taken for. */
export function maxCardinality(type: DeclType): number {
  return Math.floor(MAXIMUM_REQUEST_BYTES / (type.minBytes + 1));
}

/** A type by its kind alone, for results of functions. */
export function kindType(kind: DeclKind, size = 0, element?: DeclType): DeclType {
  return { ...simple(kind, 0, size), ...(element === undefined ? {} : { element }) };
}

/** How the checker's messages name a type. */
export function printType(type: DeclType): string {
  const inner = type.element === undefined ? "dyn" : printType(type.element);
  switch (type.kind) {
    case "list":
      return `list(${inner})`;
    case "map":
      return `map(string, ${inner})`;
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "duration":
      return "google.protobuf.Duration";
    case "quantity":
      return "kubernetes.Quantity";
    case "url":
      return "kubernetes.URL";
    case "optional":
      return `optional_type(${inner})`;
    default:
      return type.kind;
  }
}
