import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandContext } from "../context.ts";

/** Prints the version that package.json holds. */
export async function runVersion({ config, out }: CommandContext): Promise<number> {
  out.line(`agent-operator ${readVersion(config.packageRoot)}`);
  return 0;
}

function readVersion(packageRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error(`${join(packageRoot, "package.json")} holds no version`);
}
