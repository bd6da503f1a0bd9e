import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceFile } from "./house-rules.ts";

/** The root of this checkout. */
export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The program of a checkout, for the commands that only it has; run it with `process.execPath`. */
export const checkoutProgram = join(projectRoot, "src", "cli", "from-checkout.js");

/** Every file below these folders whose name ends so, with its text; paths from the root with `/`. */
export function readProjectFiles(folders: readonly string[], ending: string): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({
        path: relative(projectRoot, path).split(sep).join("/"),
        text: readFileSync(path, "utf8"),
      })),
  );
}
