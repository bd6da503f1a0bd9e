import { API_GROUP, API_VERSION } from "../../api/group.ts";
import type { OwnerReference } from "../../kube/objects.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** Makes the garbage collector remove a child together with its run. */
export function ownedByRun(run: Pick<ResolvedRun, "name" | "uid">): OwnerReference {
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: "AgentRun",
    name: run.name,
    uid: run.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
