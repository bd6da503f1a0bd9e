import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { bundle, BUNDLED_PROGRAM } from "../../scripts/bundle.ts";
import packageInfo from "../../package.json" with { type: "json" };
import { projectRoot, readProjectFiles } from "./project-files.ts";
import { runOk } from "./run.ts";

const CACHE = join(projectRoot, "node_modules", ".cache", "agent-operator");

/**
 * The program as the operator's image and the npm package hold it; run it with `process.execPath`. It is bundled
 * once for the same sources, however many test files ask for it. TEST_PROGRAM names one that is there already, such as
 * that of an image.
 */
export const shippedProgram = process.env["TEST_PROGRAM"] || (await bundleOnce());

async function bundleOnce(): Promise<string> {
  const directory = join(CACHE, await contentHash());
  const program = join(directory, BUNDLED_PROGRAM);
  if (await exists(program)) return program;
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(join(CACHE, "building-"));
  await bundle(projectRoot, building, "image");
  await rename(building, directory).catch(async (error: unknown) => {
    await rm(building, { recursive: true });
    // Another test file was faster.
    if (!(await exists(program))) throw error;
  });
  return program;
}

/** The npm package as a user gets it, packed once for the same sources. */
export async function packOnce(): Promise<string> {
  const directory = join(CACHE, `npm-${await contentHash()}`);
  const file = join(directory, `agent-operator-${packageInfo.version}.tgz`);
  if (await exists(file)) return file;
  await mkdir(CACHE, { recursive: true });
  const packing = await mkdtemp(join(CACHE, "packing-"));
  await runOk("npm", ["pack", "--pack-destination", packing], { cwd: projectRoot, timeoutMs: 60_000 });
  await rename(packing, directory).catch(async (error: unknown) => {
    await rm(packing, { recursive: true });
    if (!(await exists(file))) throw error;
  });
  return file;
}

async function contentHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of ["package.json", "package-lock.json", "scripts/bundle.ts", "scripts/web.ts"])
    hash.update(await readFile(join(projectRoot, path)));
  for (const ending of [".ts", ".tsx", ".css", ".html", ".yaml", ".sh", ".awk"])
    for (const { path, text } of readProjectFiles(["src", "config", "images"], ending))
      hash.update(`${path}\n${text}\n`);
  return hash.digest("hex").slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
