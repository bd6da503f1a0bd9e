import type { Client } from "../../client/client.ts";
import { isApiError } from "../../client/errors.ts";
import {
  persistentVolumeClaims,
  pods as podType,
  type PersistentVolumeClaim,
  type Pod,
  type PodCondition,
} from "../../kube/builtin.ts";
import { SELECTED_NODE, type StorageClass } from "../../kube/kinds/storage-classes.ts";
import { keyOf } from "../../kube/objects.ts";
import type { Node } from "../../kube/pods/node.ts";
import { isWaiting, judgePod, claimKeysOf } from "../../kube/pods/scheduling.ts";
import type { Cache } from "./cache.ts";
import { referenceTo, type RecordEvent } from "./events.ts";
import { createLoop, type Loop } from "./loop.ts";

export interface SchedulerOptions {
  client: Client;
  pods: Cache<Pod>;
  nodes: Cache<Node>;
  claims: Cache<PersistentVolumeClaim>;
  classes: Cache<StorageClass>;
  /** `POST pods/NAME/binding`. */
  bind(pod: Pod, nodeName: string): Promise<void>;
  recordEvent: RecordEvent;
  onError(key: string, error: unknown): void;
}

/** Gives pods their node, or says why they cannot have one. */
export function startScheduler(options: SchedulerOptions): Loop {
  const { client, recordEvent } = options;

  const refuse = async (pod: Pod, message: string): Promise<void> => {
    const known = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
    if (known?.message === message && known.reason === "Unschedulable") return;
    recordEvent(referenceTo(pod, "v1", "Pod"), "Warning", "FailedScheduling", message);
    const condition: PodCondition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime:
        known?.status === "False" && known.lastTransitionTime
          ? known.lastTransitionTime
          : new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    };
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
    const { namespace = "", name = "", uid } = pod.metadata;
    const body = { metadata: { uid }, status: { conditions: [...others, condition] } };
    options.pods.put(await client.patch(podType, { namespace, name }, body, { subresource: "status" }));
  };

  const selectNode = async (claim: PersistentVolumeClaim, nodeName: string): Promise<void> => {
    if (claim.metadata.annotations?.[SELECTED_NODE] !== undefined) return;
    const { namespace = "", name = "", uid } = claim.metadata;
    const body = { metadata: { uid, annotations: { [SELECTED_NODE]: nodeName } } };
    options.claims.put(await client.patch(persistentVolumeClaims, { namespace, name }, body));
  };

  const loop = createLoop({
    concurrency: 8,
    onError: options.onError,
    async reconcile(key) {
      const pod = options.pods.get(key);
      if (!isWaiting(pod)) return undefined;
      const { node, message, waitingClaims } = judgePod(
        pod,
        [...options.nodes.list()],
        (claim) => options.claims.get(claim),
        (name) => options.classes.get(name),
      );
      if (node === undefined) {
        await refuse(pod, message ?? "");
        return undefined;
      }
      const nodeName = node.metadata.name ?? "";
      await Promise.all(waitingClaims.map((claim) => selectNode(claim, nodeName)));
      if (waitingClaims.length > 0) return undefined;
      try {
        await options.bind(pod, nodeName);
      } catch (error) {
        if (!isApiError(error, "NotFound")) throw error;
        return undefined;
      }
      const { namespace, name } = pod.metadata;
      const assigned = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
      recordEvent(referenceTo(pod, "v1", "Pod"), "Normal", "Scheduled", assigned);
      return undefined;
    },
  });

  const addWaiting = (wanted: (pod: Pod) => boolean): void => {
    for (const pod of options.pods.list()) if (isWaiting(pod) && wanted(pod)) loop.add(keyOf(pod));
  };
  options.pods.subscribe(({ key, after }) => {
    if (isWaiting(after)) loop.add(key);
  });
  options.nodes.subscribe(() => addWaiting(() => true));
  options.claims.subscribe(({ key }) => addWaiting((pod) => claimKeysOf(pod).includes(key)));
  return loop;
}
