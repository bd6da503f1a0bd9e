import assert from "node:assert/strict";
import { it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentNotifiers, agentRuns } from "../../src/api/resources.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { sha256 } from "../support/deliveries.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { startSink } from "../support/sink.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-sink";
const RUNS = 150;
const KILLS = 6;
/** Events that the sink has to have taken between two kills, so that each kill hits the work. */
const BETWEEN = 20;

it(
  "each end of a run reaches the sink, with the events component killed in the middle of it",
  { timeout: 240_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const { admin, namespace, listening } = await startRunPlane(stack);
    const sink = stack.use(await startSink());
    const taken = new Map<string, Set<string>>();
    let count = 0;
    sink.answer = ({ body, headers }) => {
      count += 1;
      // It fails now and then, and breaks connections after it has read the event.
      if (count % 11 === 0) return 503;
      assert.equal(headers["x-signature-256"], sha256(SECRET, body));
      const { id } = JSON.parse(body) as { id: string };
      taken.set(id, (taken.get(id) ?? new Set()).add(body));
      return count % 13 === 0 ? undefined : 200;
    };
    await admin.create(secrets, { metadata: { name: "sink", namespace }, stringData: { secret: SECRET } });
    const at = { namespace, name: "any" };
    await admin.create(agentNotifiers, {
      metadata: at,
      spec: { sink: { format: "CloudEvents", url: sink.url, secretRef: { name: "sink", key: "secret" } } },
    });
    const cluster = { kubeconfig: listening.kubeconfigPath ?? "", namespace };
    const more = ["--allow-local-urls"];
    let { program } = await startEventsProgram(cluster, more);
    stack.defer(() => program.kill("SIGKILL"));

    const uids: string[] = [];
    const ending = async (): Promise<void> => {
      for (let number = 0; number < RUNS; number += 1) {
        const name = `run-${number}`;
        const { metadata } = await admin.create(agentRuns, {
          metadata: { name, namespace },
          spec: runNamed(name).spec,
        });
        uids.push(metadata.uid ?? "");
        const time = timestamp(Date.now());
        const status = { phase: "Succeeded", reason: "Completed", startTime: time, completionTime: time };
        const options = { type: "merge", subresource: "status" } as const;
        await admin.patch<AgentRun>(agentRuns, { namespace, name }, { status }, options);
      }
    };
    const killing = async (): Promise<void> => {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await sink.until(() => taken.size >= kill * BETWEEN);
        program.kill("SIGKILL");
        ({ program } = await startEventsProgram(cluster, more));
      }
    };
    await Promise.all([ending(), killing()]);
    await waitFor(
      admin,
      agentNotifiers,
      at,
      ({ status }) => taken.size === RUNS && status?.pending === 0,
      120_000,
    );

    assert.deepEqual([...taken.keys()].toSorted(), uids.map((uid) => `${uid}.Succeeded`).toSorted());
    assert.ok(
      [...taken.values()].every(({ size }) => size === 1),
      "repeats are equal, byte for byte",
    );
    assert.ok(sink.seen.length > RUNS, "nothing was repeated: no kill has hit anything");
  },
);
