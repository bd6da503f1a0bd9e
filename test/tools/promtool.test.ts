import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { createMetrics } from "../../src/runtime/metrics.ts";
import { requireTool } from "../support/debian.ts";
import { projectRoot } from "../support/project-files.ts";
import { run, runOk } from "../support/run.ts";

const directory = join(projectRoot, "config", "monitoring");

describe("Prometheus' own checks", () => {
  before(() => requireTool("promtool", "prometheus"));

  it("accept the alert rules", async () => {
    await runOk("promtool", ["check", "rules", "alerts.yaml"], { cwd: directory });
  });

  it("see each alert fire when it should, and none when all is well", async () => {
    await runOk("promtool", ["test", "rules", "alerts.test.yaml"], { cwd: directory });
  });

  it("accept what the operator serves", async () => {
    const { body } = await createMetrics().render();
    const { code, stderr } = await run("promtool", ["check", "metrics"], { input: body });
    assert.equal(code, 0, stderr);
  });
});
