import { RESERVED_ENV_NAMES, RESERVED_ENV_PREFIXES } from "../reserved-env.ts";
import { schemaOf } from "../schema/crd.ts";
import type { KindDefinition } from "../schema/kind.ts";
import type { StructuralSchema } from "../schema/structural.ts";

interface Row {
  field: string;
  type: string;
  description: string;
}

/** The reference of every field of the kinds, as Markdown. */
export function renderFields(kinds: readonly KindDefinition[]): string {
  return [
    "# Fields\n",
    "Every field of every kind of `agent.xonovex.com/v1alpha1`. A field marked * is required if the object around it is given. `kubectl explain agentrun.spec --recursive` says the same.\n",
    ...kinds.map(renderKind),
    renderReservedEnv(),
  ].join("\n");
}

function renderKind(kind: KindDefinition): string {
  const schema = schemaOf(kind);
  const { spec, status } = schema.properties ?? {};
  return [
    `## ${kind.kind}\n`,
    `${kind.description} Short name: \`${kind.shortNames.join("`, `")}\`.\n`,
    ...renderRules(schema, ""),
    ...(spec === undefined ? [] : renderSection(`### ${kind.kind} spec\n`, "spec", spec)),
    ...(status === undefined ? [] : renderSection(`### ${kind.kind} status\n`, "status", status)),
  ].join("\n");
}

function renderSection(title: string, name: string, schema: StructuralSchema): string[] {
  return [title, table(rowsOf(schema, "")), ...renderRules(schema, name)];
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ field, type, description }) => `| ${field} | ${type} | ${description} |`);
  return ["| Field | Type | Meaning |", "|---|---|---|", ...lines, ""].join("\n");
}

/** The rules on an object itself, in the words that the user sees when one is broken. */
function renderRules(schema: StructuralSchema, of: string): string[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return [];
  const lines = rules.map(({ message }) => `- ${escape(message)}`);
  return [`Rules on ${of === "" ? "the object" : `\`${of}\``}:\n`, ...lines, ""];
}

function rowsOf(schema: StructuralSchema, prefix: string): Row[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const row = {
      field: `\`${path}\`${required.has(name) ? " *" : ""}`,
      type: typeOf(field),
      description: describe(field),
    };
    return [row, ...rowsBelow(field, path)];
  });
}

function rowsBelow(field: StructuralSchema, path: string): Row[] {
  if (field.items?.properties) return rowsOf(field.items, `${path}[].`);
  if (field.additionalProperties?.properties) return rowsOf(field.additionalProperties, `${path}.*.`);
  return rowsOf(field, `${path}.`);
}

function typeOf(schema: StructuralSchema): string {
  if (schema["x-kubernetes-int-or-string"]) return "quantity";
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`;
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(", ");
  return schema.format === "date-time" ? "time" : (schema.type ?? "");
}

/** What the field is for, its bounds, and the rules on it and on what it is a list or map of. */
function describe(schema: StructuralSchema): string {
  const of = [schema, schema.items, schema.additionalProperties];
  const rules = of.flatMap((each) => each?.["x-kubernetes-validations"] ?? []);
  const parts = [
    schema.description ?? "",
    ...bounds(schema),
    ...rules.map(({ message }) => sentence(message)),
  ];
  return escape(parts.join(" "));
}

function bounds(schema: StructuralSchema): string[] {
  const { default: value, maxItems, maxProperties, maxLength, type } = schema;
  return [
    ...(typeof value === "string" ? [`Default: ${value}.`] : []),
    ...(maxItems === undefined ? [] : [`At most ${maxItems} items.`]),
    ...(maxProperties === undefined ? [] : [`At most ${maxProperties} entries.`]),
    ...(type === "string" && maxLength !== undefined && !schema.format
      ? [`At most ${maxLength} characters.`]
      : []),
  ];
}

function sentence(message: string): string {
  // A message that starts with a field's name keeps it as it is written.
  const start = /^[a-z]+[A-Z]/.test(message) ? message.charAt(0) : message.charAt(0).toUpperCase();
  return `${start}${message.slice(1)}.`;
}

/** Markdown would take these for HTML or the end of a table's cell. */
function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
}

function renderReservedEnv(): string {
  return [
    "## Environment variables that cannot be set\n",
    "The operator sets these variables itself in a run's containers, or they would lead git out of the checkout. The API server refuses them in `env`, `environment` and `authTokenEnv`:\n",
    ...RESERVED_ENV_PREFIXES.map((prefix) => `- every name that starts with \`${prefix}\``),
    ...RESERVED_ENV_NAMES.map((name) => `- \`${name}\``),
    "",
  ].join("\n");
}
