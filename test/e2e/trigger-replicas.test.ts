import assert from "node:assert/strict";
import { it } from "node:test";
import { runNamed } from "../../bench/support/objects.ts";
import { agentRuns, agentTriggers } from "../../src/api/resources.ts";
import { listPages } from "../../src/client/list-pages.ts";
import { configMaps, secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import { type Answered, deliver } from "../support/deliveries.ts";
import { startEventsProgram } from "../support/operator-program.ts";
import { startRunPlane } from "../support/run-plane.ts";
import { waitFor } from "../support/wait-for.ts";

const SECRET = "s3cret-of-the-hook";
const DELIVERIES = 1_000;
const SENDERS = 12;
const KILLS = 8;

it(
  "each of 1,000 deliveries has started exactly one run, with replicas killed all the time",
  { timeout: 300_000 },
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
    const cluster = { kubeconfig: listening.kubeconfigPath ?? "", namespace };
    const replicas = await Promise.all([startEventsProgram(cluster), startEventsProgram(cluster)]);
    stack.defer(() => replicas.forEach(({ program }) => program.kill("SIGKILL")));
    await waitFor(admin, agentTriggers, at, ({ status }) => status?.conditions?.[0]?.status === "True");

    let sent = 0;
    let repeated = 0;
    const started = new Map<number, string>();
    const isDone = (share: number): boolean => started.size >= share * DELIVERIES;
    const once = async (number: number, replica: number): Promise<Answered | undefined> => {
      const { port } = replicas[replica % replicas.length] ?? { port: 0 };
      const about = { port, trigger: `${namespace}/any`, event: { number }, secret: SECRET };
      return deliver({ ...about, signedIn: "x-signature-256" }).catch(() => undefined);
    };
    const sender = async (): Promise<void> => {
      for (let number = sent++; number < DELIVERIES; number = sent++) {
        for (let attempt = number; ; attempt += 1) {
          const answer = await once(number, attempt);
          if (answer && answer.status < 300) {
            started.set(number, answer.body.run ?? "");
            break;
          }
          repeated += 1;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        // Some come once more, as forges may send them.
        if (number % 50 === 0) assert.notEqual((await once(number, number))?.body.reason, "RunCreated");
      }
    };
    const killer = async (): Promise<void> => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        // In the middle of the work, wherever that is.
        while (!isDone((kill + 1) / (KILLS + 2))) await new Promise((resolve) => setTimeout(resolve, 5));
        replicas[kill % 2]?.program.kill("SIGKILL");
        replicas[kill % 2] = await startEventsProgram(cluster);
      }
    };
    await Promise.all([killer(), ...Array.from({ length: SENDERS }, sender)]);

    assert.ok(repeated > 0, "no kill has hit a delivery");
    const names = async <T extends KubeObject>(type: ResourceType<T>): Promise<string[]> => {
      const found: string[] = [];
      const labelSelector = "agent.xonovex.com/trigger=any";
      for await (const { items } of listPages(admin, type, { namespace, labelSelector, limit: 500 }))
        found.push(...items.map(({ metadata }) => metadata.name ?? ""));
      return found.toSorted();
    };
    const runs = await names(agentRuns);
    assert.equal(runs.length, DELIVERIES);
    assert.deepEqual([...started.values()].toSorted(), runs);
    assert.deepEqual(
      (await names(configMaps)).filter((name) => name.endsWith("-event")),
      runs.map((name) => `${name}-event`).toSorted(),
    );
    const { data = {} } = await admin.get(configMaps, { namespace, name: "any-seen" });
    const seen = new Set(data["hashes"]?.split("\n"));
    assert.equal(seen.size, DELIVERIES);
  },
);
