import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argocd } from "./generators/argocd.ts";
import { chart } from "./generators/chart.ts";
import { commandLine } from "./generators/command-line.ts";
import { dashboards } from "./generators/dashboards.ts";
import { crds } from "./generators/crds.ts";
import { definitions } from "./generators/definitions.ts";
import type { Generator } from "./generators/generator.ts";
import { metrics } from "./generators/metrics.ts";
import { reference } from "./generators/reference.ts";
import { roles } from "./generators/roles.ts";
import { scriptVariables } from "./generators/script-variables.ts";
import { statusSchemas } from "./generators/status-schemas.ts";
import { toolFiles } from "./generators/tools.ts";

/** Everything in the project that is generated. */
const GENERATORS: readonly Generator[] = [
  crds,
  definitions,
  roles,
  reference,
  commandLine,
  statusSchemas,
  argocd,
  dashboards,
  chart,
  metrics,
  ...toolFiles,
  scriptVariables,
];

/** One generated file: `content` undefined means that it should not be there. */
interface Difference {
  path: string;
  content: string | undefined;
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function filesIn(root: string, folder: string | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  try {
    return (await readdir(join(root, folder))).map((name) => `${folder}/${name}`);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** What of the generated files under `root` is not as its source says. */
export async function differences(root: string, generators = GENERATORS): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const generator of generators) {
    const files = await generator.files(root);
    for (const [path, content] of files) {
      if ((await contentOf(join(root, path))) !== content) found.push({ path, content });
    }
    for (const path of await filesIn(root, generator.folder)) {
      if (!files.has(path)) found.push({ path, content: undefined });
    }
  }
  return found;
}

async function mend(root: string, { path, content }: Difference): Promise<void> {
  const target = join(root, path);
  if (content === undefined) return rm(target);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
}

async function main(args: readonly string[]): Promise<void> {
  const root = join(import.meta.dirname, "..");
  const check = args.length === 1 && args[0] === "--check";
  if (args.length > 0 && !check) {
    process.stderr.write("usage: node scripts/generate.ts [--check]\n");
    process.exitCode = 2;
    return;
  }
  const stale = await differences(root);
  if (check && stale.length > 0) {
    const paths = stale.map(({ path }) => `  ${path}\n`).join("");
    process.stderr.write(`generated files are stale:\n${paths}mend them with: npm run generate\n`);
    process.exitCode = 1;
    return;
  }
  for (const difference of stale) {
    await mend(root, difference);
    process.stdout.write(`${difference.content === undefined ? "removed" : "wrote"} ${difference.path}\n`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
