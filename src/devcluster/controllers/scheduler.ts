import { follow } from "../../client/cache/follow.ts";
import { unlessRefused } from "../../client/errors.ts";
import { persistentVolumeClaims, pods, type PersistentVolumeClaim, type Pod } from "../../kube/builtin.ts";
import { SELECTED_NODE } from "../../kube/storage-classes.ts";
import { keyOf, locationOf } from "../../kube/objects.ts";
import {
  bindingOf,
  claimKeysOf,
  isWaiting,
  judgePod,
  unschedulableStatus,
  type Binding,
} from "./plans/scheduling.ts";
import { resourceType } from "../../kube/resources.ts";
import type { ControllerOptions } from "./caches.ts";
import { createLoop, type Loop } from "./loop.ts";

/** Gives pods their node, or says why they cannot have one. */
export function startScheduler(options: ControllerOptions): Loop {
  const { client, caches, recordEvent } = options;

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    const status = unschedulableStatus(pod, message, new Date());
    if (status === undefined) return;
    recordEvent(pods, pod, { type: "Warning", reason: "FailedScheduling", message });
    const body = { metadata: { uid: pod.metadata.uid }, status };
    caches.pods.put(await client.patch(pods, locationOf(pod), body, { subresource: "status" }));
  };

  const selectNode = async (claim: PersistentVolumeClaim, nodeName: string): Promise<void> => {
    const { uid, annotations } = claim.metadata;
    if (annotations?.[SELECTED_NODE] !== undefined) return;
    const body = { metadata: { uid, annotations: { [SELECTED_NODE]: nodeName } } };
    caches.claims.put(await client.patch(persistentVolumeClaims, locationOf(claim), body));
  };

  const bind = async (pod: Pod, nodeName: string): Promise<void> => {
    const { namespace, name } = pod.metadata;
    const bindings = resourceType<Binding>("", "v1", `${pods.plural}/${name}/binding`, "Binding");
    const bound = await unlessRefused(client.create(bindings, bindingOf(pod, nodeName)), "NotFound");
    if (bound === undefined) return;
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
    recordEvent(pods, pod, { type: "Normal", reason: "Scheduled", message });
  };

  const loop = createLoop({
    concurrency: 8,
    onError: options.onError,
    async reconcile(key) {
      const pod = caches.pods.get(key);
      if (!isWaiting(pod)) return undefined;
      const { node, message, waitingClaims } = judgePod(
        pod,
        [...caches.nodes.list()],
        (claim) => caches.claims.get(claim),
        (name) => caches.classes.get(name),
      );
      const nodeName = node?.metadata.name;
      if (nodeName === undefined) await refuse(pod, message ?? "");
      else if (waitingClaims.length === 0) await bind(pod, nodeName);
      else await Promise.all(waitingClaims.map((claim) => selectNode(claim, nodeName)));
      return undefined;
    },
  });

  const addWaiting = (wanted: (pod: Pod) => boolean): void => {
    for (const pod of caches.pods.list()) if (isWaiting(pod) && wanted(pod)) loop.add(keyOf(pod));
  };
  follow(caches.pods, ({ key, new: pod }) => {
    if (isWaiting(pod)) loop.add(key);
  });
  follow(caches.nodes, () => addWaiting(() => true));
  follow(caches.claims, ({ key }) => addWaiting((pod) => claimKeysOf(pod).includes(key)));
  return loop;
}
