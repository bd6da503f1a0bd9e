import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { projectRoot } from "./support/project-files.ts";
import { run } from "./support/run.ts";

it("the program itself shows nothing that a terminal obeys", async () => {
  const args = [join(projectRoot, "src/cli/main.ts"), "\u001b]0;title\u0007status\u001b[2J\u202e"];
  const { code, stdout, stderr } = await run(process.execPath, args);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /there is no command "status\ufffd"/);
  assert.ok(!stderr.includes("\u001b"));
});
