import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** How the operator's image starts Node. */
export interface ImageSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
}

/** Reads them from the Dockerfile, so that what is measured is what ships. Rejects if it is not as expected. */
export async function readImageSettings(root: string): Promise<ImageSettings> {
  const file = await readFile(join(root, "Dockerfile"), "utf8");
  const entryPoint: unknown = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1] ?? "null");
  if (!Array.isArray(entryPoint)) throw new Error("the Dockerfile has no ENTRYPOINT in JSON");
  const variables = [...file.matchAll(/^ENV (.*)$/gm)].flatMap(([, line = ""]) => line.split(" "));
  return {
    env: Object.fromEntries(variables.map((each) => [each.split("=")[0] ?? "", each.split("=")[1] ?? ""])),
    nodeOptions: entryPoint.map(String).filter((each) => each.startsWith("--")),
  };
}
