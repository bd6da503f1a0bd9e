import { API_GROUP, API_VERSION } from "../../api/group.ts";
import type { OwnerReference } from "../../kube/objects.ts";

interface Owner {
  name: string;
  uid: string;
}

/** Makes the garbage collector remove a child together with its run. */
export function ownedByRun(run: Owner): OwnerReference {
  return ownedBy("AgentRun", run);
}

/** Makes the garbage collector remove a child together with its workspace. */
export function ownedByWorkspace(workspace: Owner): OwnerReference {
  return ownedBy("AgentWorkspace", workspace);
}

/** Makes the garbage collector remove a run together with its schedule. */
export function ownedBySchedule(schedule: Owner): OwnerReference {
  return ownedBy("AgentSchedule", schedule);
}

/** Makes the garbage collector remove a run together with its trigger. */
export function ownedByTrigger(trigger: Owner): OwnerReference {
  return ownedBy("AgentTrigger", trigger);
}

/** The same, for what the operator makes, which may not finalize triggers: the trigger does not wait for it. */
export function goesWithTrigger(trigger: Owner): OwnerReference {
  return { ...ownedByTrigger(trigger), blockOwnerDeletion: false };
}

/** Makes the garbage collector remove a ConfigMap together with its notifier. */
export function ownedByNotifier(notifier: Owner): OwnerReference {
  return ownedBy("AgentNotifier", notifier);
}

/** Lets a child know its run without going or staying with it. */
export function alsoOwnedByRun(run: Owner): OwnerReference {
  return { ...ownedBy("AgentRun", run), controller: false, blockOwnerDeletion: false };
}

function ownedBy(kind: string, { name, uid }: Owner): OwnerReference {
  const apiVersion = `${API_GROUP}/${API_VERSION}`;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}
