import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { installPackage, tryEveryCommand, tryRunLocally, type Installed } from "../support/installed.ts";
import { packOnce } from "../support/program.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MAX_PACKED_BYTES = 5_000_000;

describe("the npm package", { concurrency: false, timeout: 300_000 }, () => {
  const stack = new AsyncDisposableStack();
  let installed: Installed;
  before(
    async () => {
      const directory = stack.use(await temporaryDirectory());
      installed = await installPackage(directory.path, process.execPath);
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 20_000 });

  it("is small, depends on nothing, and knows no place of the machine that packed it", async () => {
    assert.ok((await stat(await packOnce())).size < MAX_PACKED_BYTES);
    const manifest = JSON.parse(await readFile(join(installed.folder, "package.json"), "utf8"));
    for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "private"])
      assert.equal(manifest[kind], undefined, kind);
    const names = await readdir(installed.folder, { recursive: true });
    assert.ok(!names.some((name) => name.startsWith("node_modules")));
    for (const name of names) {
      const path = join(installed.folder, name);
      if ((await stat(path)).isFile())
        assert.ok(!(await readFile(path, "utf8")).includes(projectRoot), `${name} names ${projectRoot}`);
    }
  });

  it("runs every command in an empty folder", () => tryEveryCommand(installed, process.execPath));

  it("takes a task in a user's repository to a commit in a branch of it, without a cluster", async () => {
    const { path } = stack.use(await temporaryDirectory());
    await tryRunLocally(installed, path);
  });

  it("is run by npx in an empty folder", async () => {
    const { workingDirectory: cwd, env } = installed;
    const args = ["--yes", "--offline", "--package", await packOnce(), "--", "agent-operator", "version"];
    assert.match(await runOk("npx", args, { cwd, env, timeoutMs: 60_000 }), /^agent-operator \d/m);
    assert.deepEqual(
      (await readdir(cwd)).filter((name) => name !== ".agent-operator"),
      [],
    );
  });
});
