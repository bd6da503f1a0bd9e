import type { TestContext } from "node:test";
import { watchResource } from "../../src/client/watch.ts";
import { pods, type Container, type Pod } from "../../src/kube/builtin.ts";
import { coreEvents } from "../../src/devcluster/core-events.ts";
import type { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

/** Not pulled by the embedded cluster. */
export const IMAGE = "busybox:1.36";

export const WAIT_MS = 30_000;

/** A container that runs a script. */
export function sh(name: string, script: string, changes: Partial<Container> = {}): Container {
  return { name, image: IMAGE, command: ["sh", "-c", script], ...changes };
}

/** Skips what another cluster than the embedded one cannot be asked for, and says why; returns whether it did. */
export function skipElsewhere(cluster: TestCluster, t: TestContext, why: string): boolean {
  if (cluster.dataDir === undefined) t.skip(why);
  return cluster.dataDir === undefined;
}

/** The message of the first event of this reason about the named object; empty when none comes in time. */
export async function eventOf(cluster: TestCluster, name: string, reason: string): Promise<string> {
  const watch = {
    namespace: cluster.namespace,
    fieldSelector: `involvedObject.name=${name},reason=${reason}`,
    signal: AbortSignal.timeout(WAIT_MS),
  };
  for await (const event of watchResource(cluster.client, coreEvents, watch)) {
    if (event.kind === "upsert") return event.object.message;
  }
  return "";
}

/** What is done with pods in the cluster's namespace. */
export function usePods(cluster: TestCluster) {
  const until = (name: string, condition: (pod: Pod) => boolean): Promise<Pod> =>
    waitFor(cluster.client, pods, { namespace: cluster.namespace, name }, condition, WAIT_MS);
  return {
    create: (name: string, spec: Partial<Pod["spec"]>): Promise<Pod> =>
      cluster.client.create(pods, {
        metadata: { name, namespace: cluster.namespace },
        spec: { restartPolicy: "Never", containers: [sh("c", "true")], ...spec },
      }),
    until,
    ended: (name: string): Promise<Pod> =>
      until(name, ({ status }) => status?.phase === "Succeeded" || status?.phase === "Failed"),
    log: (name: string, query = ""): Promise<string> =>
      cluster.client.getText(`/api/v1/namespaces/${cluster.namespace}/pods/${name}/log${query}`),
  };
}
