import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import { agentTriggers } from "../../src/api/resources.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { deliver } from "../support/deliveries.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { projectRoot } from "../support/project-files.ts";
import { start } from "../support/run.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const ROUNDS = 20;

it(
  "a valid delivery is answered within a second beside a flood without a signature, whose memory is bounded",
  { timeout: 120_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { admin, namespace, listening } = await startRunPlane(stack);
    await admin.create(secrets, { metadata: { name: "hook", namespace }, stringData: { secret: SECRET } });
    const at = { namespace, name: "any" };
    await admin.create(agentTriggers, {
      metadata: at,
      spec: {
        webhook: { source: "Generic", secretRef: { name: "hook", key: "secret" } },
        runTemplate: { spec: runNamed("any").spec },
      },
    });
    const events = await startEventsProgram({ kubeconfig: listening.kubeconfigPath ?? "", namespace });
    stack.defer(() => events.program.kill("SIGKILL"));
    await waitFor(admin, agentTriggers, at, ({ status }) => status?.conditions?.[0]?.status === "True");
    const send = (round: number) =>
      deliver({
        port: events.port,
        trigger: `${namespace}/any`,
        event: { round },
        secret: SECRET,
        signedIn: "x-signature-256",
        from: "127.0.0.2",
      });
    // The embedded API server reads the CRD's rules at the first one.
    assert.equal((await send(-1)).status, 201);
    const flood = start(
      process.execPath,
      ["test/support/hook-flood.ts", String(events.port), `/hooks/${namespace}/any`],
      { cwd: projectRoot, timeoutMs: 100_000 },
    );
    stack.defer(() => flood.kill("SIGKILL"));
    await flood.waitForOutput(/flooding/);
    for (let round = 0; round < ROUNDS; round += 1) {
      const startedAt = performance.now();
      const { status, body } = await send(round);
      const ms = performance.now() - startedAt;
      assert.deepEqual([status, body.reason], [201, "RunCreated"]);
      assert.ok(ms < 1_000, `round ${round} took ${ms} ms`);
    }
    const peak = Number(
      /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${events.program.pid}/status`, "utf8"))?.[1],
    );
    assert.ok(peak < 400 * 1024, `the component has had ${peak} KiB`);
  },
);
