import type { Client } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { watchResource } from "../../src/client/watch.ts";
import { pods, type Pod } from "../../src/kube/builtin.ts";
import { timestamp } from "../../src/kube/time.ts";
import { podStatuses } from "./objects.ts";

export interface KubeletOptions {
  client: Client;
  namespace: string;
  /** How long the agent of a pod is at work; default: no longer than the API server takes. */
  agentEnds?: (pod: Pod) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Plays the pods of a namespace: each one is shown as initialising, running and succeeded, one write after
 * the other. Resolves when `signal` aborts; rejects if the API server refuses a status.
 */
export async function playPods({ client, namespace, agentEnds, signal }: KubeletOptions): Promise<void> {
  const seen = new Set<string>();
  const refused = Promise.withResolvers<never>();
  const watching = (async () => {
    // The two cores are for those who are measured: what nobody here reads is not parsed.
    const watch = { namespace, omit: ["managedFields", "command", "env"], signal };
    for await (const event of watchResource(client, pods, watch)) {
      if (event.kind !== "upsert" || seen.has(event.object.metadata.uid ?? "")) continue;
      seen.add(event.object.metadata.uid ?? "");
      walk(client, event.object, agentEnds).catch((error: unknown) => {
        if (!signal.aborted && !isApiError(error, "NotFound")) refused.reject(error);
      });
    }
  })();
  await Promise.race([watching, refused.promise]);
}

async function walk(client: Client, pod: Pod, agentEnds: KubeletOptions["agentEnds"]): Promise<void> {
  const { namespace = "", name = "" } = pod.metadata;
  const [init, running, succeeded] = podStatuses(pod.spec, timestamp(Date.now()));
  const write = (status: object) =>
    client.patch(pods, { namespace, name }, { status }, { subresource: "status" });
  await write(init);
  await write(running);
  await agentEnds?.(pod);
  await write(succeeded);
}
