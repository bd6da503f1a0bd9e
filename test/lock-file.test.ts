import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { projectRoot } from "./support/project-files.ts";

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

/** npm leaves out what its registry does not offer, and then refuses the lock file it has written itself. */
it("the lock file names the packages of every platform", async () => {
  const text = await readFile(join(projectRoot, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> };
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${name} of ${path}`),
  );
  assert.deepEqual(missing, []);
});

/** Beside the package or in any folder above it, or within it where it brings its own dependencies. */
function isLocked(packages: Record<string, LockedPackage>, path: string, name: string): boolean {
  const bundled = path.includes("/node_modules/");
  return bundled || packages[`node_modules/${name}`] !== undefined;
}
