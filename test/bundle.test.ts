import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bundle } from "../scripts/bundle.ts";
import { run } from "./support/run.ts";
import { projectRoot } from "./support/project-files.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

describe("the bundle", () => {
  it("of the image leaves out the embedded cluster and the demo", async () => {
    await using directory = await temporaryDirectory();
    const sources = await bundle(projectRoot, directory.path, "image");
    const rooms = new Set(sources.map((path) => /^src\/[^/]+/.exec(path)?.[0]));
    assert.ok(rooms.has("src/operator"));
    for (const room of ["src/devcluster", "src/demo"]) assert.ok(!rooms.has(room), room);
    // What containers that talk to a forge run, by itself: the operator loads none of it.
    const { stderr } = await run("node", [join(directory.path, "forge.mjs"), "none"]);
    assert.match(stderr, /usage: forge pull-request/);
    assert.doesNotMatch(
      await readFile(join(directory.path, "agent-operator.mjs"), "utf8"),
      /x-github-api-version/,
    );
  });

  it("is refused when import() of a CommonJS package would lose the package's names", async () => {
    await using directory = await temporaryDirectory();
    const root = join(directory.path, "checkout");
    await mkdir(join(root, "src", "cli"), { recursive: true });
    await writeFile(join(root, "src", "cli", "shipped.ts"), 'console.log(await import("./old.cjs"));\n');
    await writeFile(join(root, "src", "cli", "forge-step.ts"), "");
    await writeFile(join(root, "src", "cli", "old.cjs"), "exports.name = 1;\n");
    await assert.rejects(
      bundle(root, join(directory.path, "out"), "image"),
      /import\(\) of CommonJS: src\/cli\/old\.cjs/,
    );
  });
});
