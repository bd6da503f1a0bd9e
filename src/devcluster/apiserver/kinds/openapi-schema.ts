import type { GoField, GoType, GoTypes } from "./types/notation.ts";

/** A type as an OpenAPI v3 schema with Kubernetes' list and map extensions, without references. */
export interface OpenApiSchema {
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, OpenApiSchema>;
  items?: OpenApiSchema;
  additionalProperties?: OpenApiSchema;
  $ref?: string;
  default?: unknown;
  required?: string[];
  [extension: `x-kubernetes-${string}`]: unknown;
}

/** How a named type is written where another uses it: in full, or as a reference. */
export type StructWriter = (name: string) => OpenApiSchema;

/** The schema of one type; `write` says how the types of its fields are written. */
export function structSchema(types: GoTypes, name: string, write: StructWriter): OpenApiSchema {
  const properties: Record<string, OpenApiSchema> = {};
  for (const [field, declared] of types.get(name) ?? []) properties[field] = fieldSchema(declared, write);
  return { type: "object", properties };
}

/** The whole type with everything below it in one schema. */
export function expandedSchema(types: GoTypes, name: string): OpenApiSchema {
  return structSchema(types, name, (inner) => expandedSchema(types, inner));
}

function fieldSchema(field: GoField, write: StructWriter): OpenApiSchema {
  const schema = typeSchema(field.type, write);
  return field.default === undefined ? schema : { ...schema, default: field.default };
}

function typeSchema(type: GoType, write: StructWriter): OpenApiSchema {
  if (type.kind === "list") {
    const schema: OpenApiSchema = { type: "array", items: typeSchema(type.element, write) };
    schema["x-kubernetes-list-type"] = type.list.type;
    if (type.list.type === "map") schema["x-kubernetes-list-map-keys"] = [...type.list.keys];
    return schema;
  }
  if (type.kind === "map") {
    const schema: OpenApiSchema = { type: "object", additionalProperties: typeSchema(type.element, write) };
    if (type.atomic) schema["x-kubernetes-map-type"] = "atomic";
    return schema;
  }
  if (type.kind === "struct") {
    const schema = write(type.name);
    return type.atomic ? { ...schema, "x-kubernetes-map-type": "atomic" } : schema;
  }
  return scalarSchema(type.scalar);
}

function scalarSchema(scalar: string): OpenApiSchema {
  switch (scalar) {
    case "string":
    case "quantity":
      return { type: "string" };
    case "bool":
      return { type: "boolean" };
    case "int32":
    case "int64":
      return { type: "integer", format: scalar };
    case "number":
      return { type: "number" };
    case "bytes":
      return { type: "string", format: "byte" };
    case "time":
    case "microTime":
      return { type: "string", format: "date-time" };
    case "intOrString":
      return { type: "string", format: "int-or-string", "x-kubernetes-int-or-string": true };
    default:
      return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  }
}
