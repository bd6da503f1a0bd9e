import assert from "node:assert/strict";
import { it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentSchedule, AgentScheduleSpec } from "../../src/api/agent-schedule.ts";
import { agentRuns, agentSchedules } from "../../src/api/resources.ts";
import { startOperatorProgram } from "../support/operator-program.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

it(
  "a time starts one run, however often the operator is killed and its status lost",
  { timeout: 90_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { admin, namespace, listening } = await startRunPlane(stack);
    const cluster = { kubeconfig: listening.kubeconfigPath ?? "", namespace };
    let operator = await startOperatorProgram(cluster);
    stack.defer(() => operator.kill("SIGKILL"));
    const at = { namespace, name: "nightly" };
    const { spec } = runNamed("any");
    const schedule: AgentScheduleSpec = { schedule: "30 3 1 1 *", runTemplate: { spec } };
    await admin.create(agentSchedules, { metadata: at, spec: schedule });
    const until = (condition: (status: NonNullable<AgentSchedule["status"]>) => boolean) =>
      waitFor(admin, agentSchedules, at, ({ status }) => condition(status ?? {}));
    await until(({ nextScheduleTime }) => nextScheduleTime !== undefined);

    const names = new Set<string>();
    for (let times = 0; times < 2; times += 1) {
      // As if it had been made a year ago, and its status never written.
      const status = { lastScheduleTime: "2025-02-01T00:00:00Z", lastSuccessfulTime: null };
      await admin.patch(agentSchedules, at, { status }, { type: "merge", subresource: "status" });
      const { status: told } = await until(
        ({ lastScheduleTime, activeCount, lastSuccessfulTime }) =>
          lastScheduleTime?.endsWith("-01-01T03:30:00Z") === true &&
          activeCount === 0 &&
          lastSuccessfulTime !== undefined,
      );
      const { items } = await admin.list(agentRuns, { namespace });
      const [run, ...more] = items;
      assert.deepEqual(more, []);
      names.add(`${run?.metadata.name} ${run?.metadata.uid}`);
      const minutes = Date.parse(told?.lastScheduleTime ?? "") / 60_000;
      assert.equal(run?.metadata.name, `nightly-${minutes}`);
      operator.kill("SIGKILL");
      await operator.ended;
      operator = await startOperatorProgram(cluster);
    }
    assert.equal(names.size, 1);

    // Ended runs beyond the limit go, and all others with the schedule.
    await admin.patch(agentSchedules, at, { spec: { successfulRunsHistoryLimit: 0 } }, { type: "merge" });
    const gone = async (): Promise<boolean> =>
      (await admin.list(agentRuns, { namespace })).items.length === 0;
    while (!(await gone())) await new Promise((resolve) => setTimeout(resolve, 50));
  },
);
