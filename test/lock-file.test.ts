import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { projectRoot } from "./support/project-files.ts";

interface LockedPackage {
  integrity?: string;
  inBundle?: boolean;
  optionalDependencies?: Record<string, string>;
}

/** npm leaves out what its registry does not offer, and then refuses the lock file it has written itself. */
it("the lock file names the packages of every platform", async () => {
  const packages = await lockedPackages();
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(packages, path, name))
      .map((name) => `${name} of ${path}`),
  );
  assert.deepEqual(missing, []);
});

/**
 * What is bundled in a package is checked with that package. Builds of OpenCode that this project's Node has no machine
 * for (musl, old processors) are an empty package (`overrides` in package.json): no test needs them.
 */
it("the lock file has a checksum for every package", async () => {
  const unchecked = Object.entries(await lockedPackages())
    .filter(
      ([path, { integrity = "", inBundle = false }]) =>
        path !== "" && !inBundle && !/^sha(256|512)-/.test(integrity),
    )
    .map(([path]) => path.replace("node_modules/", ""));
  assert.deepEqual(unchecked, []);
});

async function lockedPackages(): Promise<Record<string, LockedPackage>> {
  const text = await readFile(join(projectRoot, "package-lock.json"), "utf8");
  return (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;
}

/** Beside the package or in any folder above it, or within it if it brings its own dependencies. */
function isLocked(packages: Record<string, LockedPackage>, path: string, name: string): boolean {
  const bundled = path.includes("/node_modules/");
  return bundled || packages[`node_modules/${name}`] !== undefined;
}
