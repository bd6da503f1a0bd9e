import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { differences } from "../scripts/generate.ts";
import type { Generator } from "../scripts/generators/generator.ts";
import { projectRoot } from "./support/project-files.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

test("every generated file is as its source says (else: npm run generate)", async () => {
  const paths = (await differences(projectRoot)).map(({ path }) => path);
  assert.deepEqual(paths, []);
});

test("a missing file, a stale one and one that nothing makes are found", async () => {
  await using directory = await temporaryDirectory();
  const made = new Map([
    ["made/fresh.txt", "fresh"],
    ["made/stale.txt", "new"],
    ["made/missing.txt", "new"],
  ]);
  const generator: Generator = { files: async () => made, folder: "made" };
  await mkdir(join(directory.path, "made"));
  await writeFile(join(directory.path, "made/fresh.txt"), "fresh");
  await writeFile(join(directory.path, "made/stale.txt"), "old");
  await writeFile(join(directory.path, "made/forgotten.txt"), "old");

  assert.deepEqual(await differences(directory.path, [generator]), [
    { path: "made/stale.txt", content: "new" },
    { path: "made/missing.txt", content: "new" },
    { path: "made/forgotten.txt", content: undefined },
  ]);
});
