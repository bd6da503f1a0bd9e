import type { Client } from "../../client/client.ts";
import { isApiError } from "../../client/errors.ts";
import { persistentVolumeClaims, pods as podType } from "../../kube/builtin.ts";
import type { PersistentVolumeClaim, Pod, PodCondition } from "../../kube/builtin.ts";
import { keyOf } from "../../kube/objects.ts";
import type { Node } from "../kubelet/node-object.ts";
import type { Cache } from "./cache.ts";
import { claimKeysOf } from "./claim.ts";
import { referenceTo } from "./events.ts";
import type { RecordEvent } from "./events.ts";
import { createLoop } from "./loop.ts";
import type { Loop } from "./loop.ts";
import { SELECTED_NODE, waitsForConsumer } from "../../kube/kinds/storage-classes.ts";
import type { StorageClass } from "../../kube/kinds/storage-classes.ts";

/** A pod that fits nowhere: the real scheduler's message, and which claims wait for it to fit. */
export interface Verdict {
  node?: Node;
  /** Why no node takes the pod. */
  message?: string;
  /** Claims that must be bound first and may be, now that the pod has a node. */
  waitingClaims: PersistentVolumeClaim[];
}

const NO_PREEMPTION = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";

function unavailable(count: number, reason: string): string {
  return `0/${count} nodes are available: ${reason}. ${NO_PREEMPTION.replaceAll("0/1", `0/${count}`)}`;
}

function fitsNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  return Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
}

/** Where a pod may run. Pure. */
export function judgePod(
  pod: Pod,
  nodes: readonly Node[],
  claimOf: (key: string) => PersistentVolumeClaim | undefined,
  classOf: (name: string) => StorageClass | undefined,
): Verdict {
  const count = nodes.length;
  const waitingClaims: PersistentVolumeClaim[] = [];
  for (const key of claimKeysOf(pod)) {
    const claim = claimOf(key);
    const name = key.slice(key.indexOf("/") + 1);
    if (claim === undefined) {
      return { message: unavailable(count, `persistentvolumeclaim "${name}" not found`), waitingClaims: [] };
    }
    if (claim.metadata.deletionTimestamp !== undefined) {
      return {
        message: unavailable(count, `persistentvolumeclaim "${name}" is being deleted`),
        waitingClaims: [],
      };
    }
    if (claim.status?.phase === "Bound") continue;
    if (!waitsForConsumer(classOf(claim.spec.storageClassName ?? ""))) {
      return {
        message: unavailable(count, "pod has unbound immediate PersistentVolumeClaims"),
        waitingClaims: [],
      };
    }
    waitingClaims.push(claim);
  }
  if (count === 0) return { message: "no nodes available to schedule pods", waitingClaims: [] };
  const open = nodes.filter((node) => node.spec?.unschedulable !== true);
  if (open.length === 0)
    return { message: unavailable(count, `${count} node(s) were unschedulable`), waitingClaims: [] };
  const node = open.find((candidate) => fitsNode(pod, candidate));
  if (node !== undefined) return { node, waitingClaims };
  const reason = `${open.length} node(s) didn't match Pod's node affinity/selector`;
  return { message: unavailable(count, reason), waitingClaims: [] };
}

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

function isWaiting(pod: Pod | undefined): pod is Pod {
  return (
    pod !== undefined &&
    !pod.spec.nodeName &&
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.phase !== "Failed" &&
    pod.status?.phase !== "Succeeded"
  );
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
