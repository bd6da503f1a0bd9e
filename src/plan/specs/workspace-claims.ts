import type { PersistentVolumeClaim } from "../../kube/builtin.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { workspaceLabels } from "./labels.ts";
import { sharedClaimName, workspaceClaimName } from "./names.ts";
import { ownedByWorkspace } from "./owner.ts";

/** The claims of a workspace, removed together with it: the checkout's first, then one for each shared volume. */
export function buildWorkspaceClaims(workspace: WorkspaceSetup): PersistentVolumeClaim[] {
  return [
    buildClaim(workspace, workspaceClaimName(workspace.name), workspace.storageSize),
    ...workspace.sharedVolumes.map(({ name, storageSize }) =>
      buildClaim(workspace, sharedClaimName(workspace.name, name), storageSize),
    ),
  ];
}

function buildClaim(workspace: WorkspaceSetup, name: string, storage: string): PersistentVolumeClaim {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: workspace.namespace,
      labels: workspaceLabels(workspace.name),
      ownerReferences: [ownedByWorkspace(workspace)],
    },
    spec: {
      accessModes: [workspace.accessMode],
      ...(workspace.storageClass === undefined ? {} : { storageClassName: workspace.storageClass }),
      resources: { requests: { storage } },
    },
  };
}
