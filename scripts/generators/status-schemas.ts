import { KINDS } from "../../src/api/kinds.ts";
import { schemaOf } from "../../src/api/schema/crd.ts";
import type { StructuralSchema } from "../../src/api/schema/structural.ts";
import { type Generator, NOTICE } from "./generator.ts";

const TARGET = "src/api/status-schemas.generated.ts";

/** The schema without the words for people, and without the rules that only an API server evaluates. */
function bounds(schema: StructuralSchema): StructuralSchema {
  const { description: _, properties, items, additionalProperties, ...rest } = schema;
  const below = Object.entries(properties ?? {}).map(([key, child]) => [key, bounds(child)]);
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith("x-"))),
    ...(properties ? { properties: Object.fromEntries(below) } : {}),
    ...(items ? { items: bounds(items) } : {}),
    ...(additionalProperties ? { additionalProperties: bounds(additionalProperties) } : {}),
  };
}

async function files(): Promise<Map<string, string>> {
  const schemas = KINDS.flatMap((kind) => {
    const status = schemaOf(kind).properties?.["status"];
    return status === undefined ? [] : [[kind.kind, bounds(status)]];
  });
  const text = [
    `// ${NOTICE}\n`,
    'import type { StructuralSchema } from "./schema/structural.ts";\n',
    "/** The schemas of every kind's status, for an operator that starts without building them. */",
    `export const statusSchemas: Readonly<Record<string, StructuralSchema>> = ${JSON.stringify(Object.fromEntries(schemas), undefined, 2)};\n`,
  ];
  return new Map([[TARGET, text.join("\n")]]);
}

/** What `src/api/fit-status.ts` needs of the schemas. */
export const statusSchemas: Generator = { files };
