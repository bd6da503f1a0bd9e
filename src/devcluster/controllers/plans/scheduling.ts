import type { PersistentVolumeClaim, Pod } from "../../../kube/builtin.ts";
import { waitsForConsumer } from "../../../kube/storage-classes.ts";
import { type StorageClass, type Node } from "../../../kube/cluster-kinds.ts";
import type { KubeObject } from "../../../kube/objects.ts";
import { timestamp } from "../../../kube/time.ts";

/** The claims that a pod uses, as cache keys. */
export function claimKeysOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim === undefined
      ? []
      : [`${pod.metadata.namespace}/${persistentVolumeClaim.claimName}`],
  );
}

/** A pod that fits nowhere: the real scheduler's message, and which claims wait for it to fit. */
export interface Verdict {
  node?: Node;
  /** Why no node takes the pod. */
  message?: string;
  /** Claims that must be bound first and may be, now that the pod has a node. */
  waitingClaims: PersistentVolumeClaim[];
}

/** As a real scheduler ends the message about a claim: it looks for nodes to preempt on and finds none. */
function unavailable(count: number, reason: string): string {
  return `0/${count} nodes are available: ${reason}. not found`;
}

function noNode(count: number, reason: string): string {
  const none = `0/${count} nodes are available:`;
  return `${none} ${reason}. no new claims to deallocate, preemption: ${none} ${count} Preemption is not helpful for scheduling.`;
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
    return { message: noNode(count, `${count} node(s) were unschedulable`), waitingClaims: [] };
  const node = open.find((candidate) => fitsNode(pod, candidate));
  if (node !== undefined) return { node, waitingClaims };
  const reason = `${open.length} node(s) didn't match Pod's node affinity/selector`;
  return { message: noNode(count, reason), waitingClaims: [] };
}

/** Whether a pod still needs a node. */
export function isWaiting(pod: Pod | undefined): pod is Pod {
  return (
    pod !== undefined &&
    !pod.spec.nodeName &&
    pod.metadata.deletionTimestamp === undefined &&
    pod.status?.phase !== "Failed" &&
    pod.status?.phase !== "Succeeded"
  );
}

/** The status of a pod that no node takes, as far as it changes; undefined if it says so already. */
export function unschedulableStatus(pod: Pod, message: string, now: Date): Pod["status"] {
  const conditions = pod.status?.conditions ?? [];
  const known = conditions.find(({ type }) => type === "PodScheduled");
  if (known?.message === message && known.reason === "Unschedulable") return undefined;
  const since = known?.status === "False" ? known.lastTransitionTime : undefined;
  return {
    conditions: [
      ...conditions.filter((other) => other !== known),
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message,
        lastTransitionTime: since ?? timestamp(now),
      },
    ],
  };
}

/** v1 Binding: puts a pod on a node. */
export interface Binding extends KubeObject {
  target: { apiVersion: string; kind: string; name: string };
}

/** What a scheduler posts to `pods/NAME/binding`. */
export function bindingOf(pod: Pod, nodeName: string): Binding {
  const { namespace, name, uid } = pod.metadata;
  return {
    metadata: { namespace, name, uid },
    target: { apiVersion: "v1", kind: "Node", name: nodeName },
  };
}
