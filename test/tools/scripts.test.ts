import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { requireTool } from "../support/debian.ts";
import { projectRoot, readProjectFiles } from "../support/project-files.ts";
import { run } from "../support/run.ts";

const scripts = [...readProjectFiles(["src", "scripts", "images"], ".sh").map(({ path }) => path), ".ci/run"];

describe("shell scripts", () => {
  it("are there", () => {
    assert.ok(scripts.some((path) => path.endsWith("entrypoint.sh")));
  });

  for (const path of scripts) {
    it(`${path} has nothing that shellcheck warns of`, async () => {
      await requireTool("shellcheck", "shellcheck");
      const { stdout, code } = await run(
        "shellcheck",
        ["--norc", "--shell=sh", "--external-sources", "--source-path=SCRIPTDIR", path],
        { cwd: projectRoot },
      );
      assert.equal(stdout, "");
      assert.equal(code, 0);
    });
  }
});
