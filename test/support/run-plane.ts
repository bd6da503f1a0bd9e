import { join } from "node:path";
import { startControlPlane, type ControlPlane } from "../../bench/support/control-plane.ts";
import { type KubeletOptions, playPods } from "../../bench/support/kubelet.ts";
import { provider, runNamed, secret } from "../../bench/support/objects.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import { createClient, type Client } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { watchResource } from "../../src/client/watch.ts";
import { events, namespaces, secrets } from "../../src/kube/builtin.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { type Operator, startOperator } from "../../src/operator/operator.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { createLog, type Log } from "../../src/runtime/log.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { waitFor } from "./wait-for.ts";

const EVENTS_OF_A_RUN = 3;

/** A control plane whose pods are played, for an operator that is measured. */
export interface RunPlane extends Pick<ControlPlane, "listening" | "transport"> {
  readonly admin: Client;
  /** It holds a provider with its Secret. */
  readonly namespace: string;
  /** Starts an operator in this process, on the plane's own transport or another one, logging what fails or all; resolves when it works. */
  startOperator(its?: { transport?: Transport; log?: Log }): Promise<void>;
  /** Stops all that it has started. */
  stopOperators(): Promise<void>;
  /** Resolves when the operator has taken up the provider, which is the first thing that it does. */
  readonly operatorWorks: () => Promise<void>;
  /** Makes runs of these names, all at once; resolves after the last event of each. */
  carryOut(names: readonly string[], spec?: Partial<AgentRun["spec"]>): Promise<void>;
}

/** Starts one, so far without an operator; all ends with `stack`. */
export async function startRunPlane(
  stack: AsyncDisposableStack,
  kubelet: Pick<KubeletOptions, "agentEnds"> = {},
): Promise<RunPlane> {
  const namespace = "costs";
  const directory = stack.use(await temporaryDirectory());
  const { listening, transport, stop } = await startControlPlane(join(directory.path, "cluster"));
  stack.defer(stop);
  const admin = createClient(transport);
  await installDefinitions(admin);
  await admin.create(namespaces, { metadata: { name: namespace } });
  await admin.create(secrets, { ...secret, metadata: { ...secret.metadata, namespace } });
  await admin.create(agentProviders, { ...provider, metadata: { ...provider.metadata, namespace } });
  const ending = new AbortController();
  stack.defer(() => ending.abort());
  void playPods({ ...kubelet, client: admin, namespace, signal: ending.signal });
  const at = { namespace, name: provider.metadata.name ?? "" };
  const operatorWorks = () =>
    waitFor(admin, agentProviders, at, ({ status }) => status?.ready === true).then(() => undefined);
  const running = new Set<Operator>();
  const stopOperators = async (): Promise<void> => {
    await Promise.all([...running].map((operator) => operator.stop()));
    running.clear();
  };
  stack.defer(stopOperators);
  return {
    listening,
    transport,
    admin,
    namespace,
    startOperator: async (its) => {
      const operator = await startOperator({
        transport,
        log: createLog({ level: "error" }),
        ...its,
        leaseNamespace: namespace,
        healthProbeBindAddress: "0",
        metricsBindAddress: "0",
      });
      running.add(operator);
      await operator.working;
      await operatorWorks();
    },
    stopOperators,
    operatorWorks,
    carryOut: async (names, spec = {}) => {
      const told = untilEvents(admin, namespace, names);
      await Promise.all(
        names.map((name) => {
          const run = { ...runNamed(name).spec, ...spec };
          return admin.create(agentRuns, { metadata: { name, namespace }, spec: run });
        }),
      );
      for (const name of names) await waitFor(admin, agentRuns, { namespace, name }, isFinished);
      await told;
    },
  };
}

/** Resolves when every event about these runs exists: they are written beside the reconciles. */
async function untilEvents(client: Client, namespace: string, names: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  const count = names.length * EVENTS_OF_A_RUN;
  const signal = AbortSignal.timeout(60_000);
  for await (const event of watchResource(client, events, { namespace, signal })) {
    if (event.kind !== "upsert" || !names.includes(event.object.regarding?.name ?? "")) continue;
    if (event.object.regarding?.kind === "AgentRun") seen.add(event.object.metadata.name ?? "");
    if (seen.size === count) return;
  }
  throw new Error(`only ${seen.size} of ${count} events were written`);
}
