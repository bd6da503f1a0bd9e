import { customResourceDefinitions } from "../../src/api/kinds.ts";
import { type Generator, NOTICE } from "./generator.ts";

const TARGET = "src/local/definitions.generated.ts";

async function files(): Promise<Map<string, string>> {
  const texts = customResourceDefinitions().map((each) => `  ${JSON.stringify(JSON.stringify(each))},\n`);
  const text = [
    `// ${NOTICE}\n`,
    'import type { CustomResourceDefinition } from "../api/schema/crd.ts";\n',
    "// As JSON, because engines read it several times faster than the same as code.",
    `const TEXTS: readonly string[] = [\n${texts.join("")}];\n`,
    "/** The CustomResourceDefinitions of every kind, for a start without building them. */",
    "export function builtDefinitions(): CustomResourceDefinition[] {",
    "  return TEXTS.map((text) => JSON.parse(text) as CustomResourceDefinition);",
    "}\n",
  ];
  return new Map([[TARGET, text.join("\n")]]);
}

/** What `src/local/install.ts` applies. */
export const definitions: Generator = { files };
