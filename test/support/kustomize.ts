import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { locateTool } from "../../scripts/tools.ts";
import { projectRoot } from "./project-files.ts";
import { runOk } from "./run.ts";

/** What `kubectl kustomize` makes of a directory, as YAML. */
export async function kustomize(directory: string): Promise<string> {
  return runOk(await locateTool("kubectl"), ["kustomize", directory]);
}

/** config/default, or other parts of config/, with these components, as somebody's own kustomization has it; as YAML. */
export async function overlay(
  components: readonly string[],
  namespace?: string,
  resources: readonly string[] = ["default"],
): Promise<string> {
  // Kustomize follows relative paths only.
  const cache = join(projectRoot, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, "overlay-"));
  const from = (...parts: string[]): string => relative(directory, join(projectRoot, "config", ...parts));
  try {
    const kustomization = {
      kind: "Kustomization",
      ...(namespace !== undefined && { namespace }),
      resources: resources.map((name) => from(name)),
      components: components.map((name) => from("components", name)),
    };
    await writeFile(join(directory, "kustomization.yaml"), JSON.stringify(kustomization));
    return await kustomize(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
