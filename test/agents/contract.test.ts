import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { initFailure } from "../../src/plan/jobs/init-failure.ts";
import { CONTRACT, SCRIPTS_DIR } from "../../src/plan/specs/scripts.ts";
import { projectRoot, readProjectFiles } from "../support/project-files.ts";
import { run } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const SCRIPTS = join(projectRoot, "images/agent/scripts");
const ENTRIES = ["artifacts", "git-cleanup", "git-clone", "git-workspace", "git-worktree"];

describe("the contract between the operator and the scripts of the git image", () => {
  test("has the same number on both sides", () => {
    assert.match(readFileSync(join(SCRIPTS, "common.sh"), "utf8"), new RegExp(`^contract=${CONTRACT}$`, "m"));
  });

  for (const script of ENTRIES) {
    test(`${script} refuses an operator of another contract, and names both`, async () => {
      await using directory = await temporaryDirectory();
      const message = join(directory.path, "message");
      const { code } = await run(join(SCRIPTS, `${script}.sh`), [], {
        env: { PATH: "/usr/bin:/bin", AGENT_CONTRACT: "99", AGENT_TERMINATION_LOG: message },
      });
      assert.equal(code, 66);
      const text = readFileSync(message, "utf8");
      assert.match(text, new RegExp(`contract ${CONTRACT}, the operator has contract 99`));
      const failure = initFailure("git-clone", { exitCode: 66, message: text });
      assert.deepEqual(failure, { phase: "Failed", reason: "InvalidImage", message: text.trim() });
    });
  }

  test("an image without the scripts is named as such, not by the node's error alone", () => {
    const message = `exec: "${SCRIPTS_DIR}/git-clone.sh": stat ${SCRIPTS_DIR}/git-clone.sh: no such file or directory`;
    const failure = initFailure("git-clone", { exitCode: 128, reason: "StartError", message });
    assert.equal(failure.reason, "InvalidImage");
    const said = `no scripts in /agent-operator, the operator needs those with contract ${CONTRACT}`;
    assert.ok(failure.message.includes(said), failure.message);
  });

  test("what containers start can be executed", () => {
    const paths = readProjectFiles(["images/agent/scripts"], ".sh").map(({ path }) => path);
    assert.ok(ENTRIES.every((name) => paths.includes(`images/agent/scripts/${name}.sh`)));
  });
});
