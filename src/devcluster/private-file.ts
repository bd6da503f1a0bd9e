import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file that only its owner can read, in one step. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** What the private file at `path` says; made, and kept there, if it is missing or `read` finds nothing in it. */
export async function keptPrivately<T>(
  path: string | undefined,
  read: (text: string) => T | undefined,
  make: () => Promise<string>,
): Promise<T> {
  const kept = path === undefined ? "" : await readFile(path, "utf8").catch(() => "");
  const known = kept === "" ? undefined : read(kept);
  if (known !== undefined) return known;
  const text = await make();
  if (path !== undefined) await writePrivately(path, text);
  return read(text) as T;
}
