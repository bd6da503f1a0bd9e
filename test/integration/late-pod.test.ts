import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { ANNOTATION_CANCEL } from "../../src/api/labels.ts";
import { agentRuns } from "../../src/api/resources.ts";
import { jobs } from "../../src/kube/builtin.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { startRunPlane, type RunPlane } from "../support/run-plane.ts";
import { countTraffic, type Traffic } from "../support/traffic.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

describe("a run whose Job gets no pod", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  let plane: RunPlane;
  let takeTraffic: () => Traffic;

  before(async () => {
    plane = await startRunPlane(stack);
    const { transport, take } = countTraffic(plane.transport);
    takeTraffic = take;
    await plane.startOperator({ transport });
  });
  after(() => stack.disposeAsync());

  /** The API server refuses pods of a service account that does not exist. */
  async function startWithoutPod(name: string): Promise<{ namespace: string; name: string }> {
    const { admin, namespace } = plane;
    const spec: AgentRun["spec"] = { ...runNamed(name).spec, serviceAccountName: "missing" };
    await admin.create(agentRuns, { metadata: { name, namespace }, spec });
    await waitFor(admin, jobs, { namespace, name }, () => true);
    return { namespace, name };
  }

  it("says why, and ends as its Job ends", async () => {
    const { admin } = plane;
    const at = await startWithoutPod("late");
    const held = await waitFor(admin, agentRuns, at, (run) => run.status?.reason === "PodNotCreated");
    assert.match(held.status?.message ?? "", /serviceaccount "missing" not found/);
    await admin.patch(jobs, at, { spec: { activeDeadlineSeconds: 1 } });
    const { status } = await waitFor(admin, agentRuns, at, isFinished);
    assert.deepEqual([status?.phase, status?.reason], ["TimedOut", "DeadlineExceeded"]);
    assert.equal(status?.message, "the deadline passed before a pod could start");
    const job = await admin.get(jobs, at);
    assert.equal(job.metadata.deletionTimestamp, undefined);
  });

  it("takes its Job along when it is cancelled", async () => {
    const { admin } = plane;
    const at = await startWithoutPod("cancelled");
    await admin.patch(agentRuns, at, { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } });
    const { status } = await waitFor(admin, agentRuns, at, isFinished);
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "Cancelled"]);
    await waitForAbsence(admin, jobs, at);
  });

  it("asks little of the API server, however many wait with it", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
    const all = await Promise.all(names.map(startWithoutPod));
    takeTraffic();
    for (const at of all)
      await waitFor(plane.admin, agentRuns, at, ({ status }) => status?.reason === "PodNotCreated");
    const { requests } = takeTraffic();
    // They are late within about the same second, and one list shows the warnings of all for five.
    const { "GET events": lists = 0, "GET jobs": looks = 0 } = requests;
    assert.ok(lists >= 1 && lists <= 3, `${lists} lists of events`);
    assert.ok(looks >= 1 && looks <= 2 * names.length, `${looks} looks at ${names.length} Jobs`);
  });
});
