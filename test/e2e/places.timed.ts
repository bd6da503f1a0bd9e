import assert from "node:assert/strict";
import { it } from "node:test";
import { PROVIDER, runNamed } from "../../bench/support/objects.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import { watchResource } from "../../src/client/watch.ts";
import { pods } from "../../src/kube/builtin.ts";
import { startRunPlane } from "../support/run-plane.ts";

const RUNS = 8;

it("a place that is free is taken within a second", { timeout: 60_000 }, async (t) => {
  await using stack = new AsyncDisposableStack();
  const plane = await startRunPlane(stack);
  const { admin, namespace } = plane;
  await plane.startOperator();
  await admin.patch(agentProviders, { namespace, name: PROVIDER }, { spec: { maxRunning: 1 } });
  const watching = new AbortController();
  stack.defer(() => watching.abort());
  const watch = watchResource(admin, pods, { namespace, signal: watching.signal });
  const names = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
  await Promise.all(
    names.map((name) =>
      admin.create(agentRuns, { metadata: { name, namespace }, spec: runNamed(name).spec }),
    ),
  );
  const seen = new Set<string>();
  const waits: number[] = [];
  let freeAt: number | undefined;
  for await (const event of watch) {
    if (event.kind !== "upsert") continue;
    const { uid = "" } = event.object.metadata;
    if (!seen.has(uid) && freeAt !== undefined) waits.push(performance.now() - freeAt);
    seen.add(uid);
    freeAt = event.object.status?.phase === "Succeeded" ? performance.now() : undefined;
    if (seen.size === RUNS) break;
  }
  t.diagnostic(`at most ${Math.max(...waits).toFixed(0)} ms`);
  assert.equal(waits.length, RUNS - 1);
  assert.ok(Math.max(...waits) < 1_000, `${waits.map((ms) => ms.toFixed(0)).join(", ")} ms`);
});
