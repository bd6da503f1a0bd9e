import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runInNewContext } from "node:vm";

/**
 * Writes src/agents/opencode/models.generated.ts from the list of models that the installed opencode has built in.
 * `node scripts/opencode-models.ts`, after a new version of it; test/agents/opencode.test.ts shows whether it is due.
 */

const PROVIDERS = ["anthropic", "openai"];
const root = join(import.meta.dirname, "..");
const PROGRAM = join(root, "node_modules/opencode-ai/bin/opencode.exe");
const TARGET = join(root, "src/agents/opencode/models.generated.ts");

/** Where the list begins: a provider, and the variable with its key. */
const START = /\(\{(?="?[\w-]+"?:\{id:"[\w-]+",env:\[)/;

interface Provider {
  models: Record<string, object>;
}

/** The source text of the object that begins at `start`. */
function objectAt(text: string, start: number): string {
  let depth = 0;
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === "{") depth += 1;
    if (token === "}") depth -= 1;
    if (depth === 0) return text.slice(start, start + index + 1);
  }
  throw new Error("the list of models has no end");
}

function content(providers: Readonly<Record<string, Provider>>): string {
  const lines = PROVIDERS.map((name) => {
    const { models, ...provider } = providers[name] ?? { models: {} };
    const texts = Object.entries(models).map(([id, model]) => {
      return `      ${JSON.stringify(id)}: ${JSON.stringify({ ...model, description: undefined })},\n`;
    });
    return `  ${name}: {\n    provider: ${JSON.stringify(provider)},\n    models: {\n${texts.join("")}    },\n  },\n`;
  });
  return [
    "// Written by scripts/opencode-models.ts: do not edit.\n",
    'import type { KnownProvider } from "./opencode-models.ts";\n',
    `export const KNOWN: Readonly<Record<string, KnownProvider>> = {\n${lines.join("")}};\n`,
  ].join("\n");
}

const program = (await readFile(PROGRAM)).toString("latin1");
const start = START.exec(program);
if (!start) throw new Error(`no list of models in ${PROGRAM}`);
const providers = runInNewContext(
  `(${objectAt(program, start.index + 1)})`,
  {},
  { timeout: 10_000 },
) as Record<string, Provider>;
await writeFile(TARGET, content(providers));
