import assert from "node:assert/strict";
import { it } from "node:test";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { checkoutProgram } from "../support/project-files.ts";
import { start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

it("demo --live shows a model that does not answer and is asked again", { timeout: 100_000 }, async () => {
  await using directory = await temporaryDirectory();
  const model = await startModelEndpoint({
    scenario: [{ fault: { status: 500, message: "busy" }, faultTimes: 1, text: "There is nothing to do." }],
  });
  const { code, stdout, stderr } = await start(process.execPath, [checkoutProgram, "demo", "--live"], {
    env: {
      ...process.env,
      TMPDIR: directory.path,
      ANTHROPIC_API_KEY: "sk-test-0123456789",
      ANTHROPIC_BASE_URL: model.url,
    },
    timeoutMs: 90_000,
  }).ended;
  await model.close();
  assert.equal(code, 0, stderr + stdout);
  assert.match(stdout, /^ *↻ .*500/m);
  assert.match(stdout, /^said +There is nothing to do\./m);
  assert.doesNotMatch(stdout, /sk-test/);
});
