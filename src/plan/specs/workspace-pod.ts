import { LABEL_WORKSPACE } from "../../api/labels.ts";
import type { Container, Job, PodSpec, Volume } from "../../kube/builtin.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { workspaceClaimName } from "./names.ts";
import { podSpecFields } from "./pod-fields.ts";
import { podSecurity } from "./security.ts";

/** What the scripts say of failures that another try would not change. */
export const PERMANENT_EXIT_CODES: readonly number[] = [64, 65, 66];

/** A pod that works on a workspace's claim with git containers, one after the other, and nothing but git. */
export function workspacePod(
  workspace: Pick<
    WorkspaceSetup,
    "name" | "accessMode" | "pod" | "imagePullSecrets" | "priorityClassName" | "podSecurityContext"
  >,
  gitContainers: readonly Container[],
  volumes: readonly Volume[] = [],
): PodSpec {
  const { name, imagePullSecrets, priorityClassName, podSecurityContext } = workspace;
  return {
    restartPolicy: "Never",
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: podSecurity(podSecurityContext),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...podSpecFields(workspace.pod, oneNode(workspace)),
    ...(gitContainers.length > 1 ? { initContainers: gitContainers.slice(0, -1) } : {}),
    containers: gitContainers.slice(-1),
    volumes: [
      { name: "workspace", persistentVolumeClaim: { claimName: workspaceClaimName(name) } },
      { name: "tmp", emptyDir: {} },
      ...volumes,
    ],
  };
}

/** Pods that share a ReadWriteOnce volume must be on one node. */
export function oneNode({
  name,
  accessMode,
}: Pick<WorkspaceSetup, "name" | "accessMode">): Pick<PodSpec, "affinity"> {
  if (accessMode !== "ReadWriteOnce") return {};
  const term = {
    labelSelector: { matchLabels: { [LABEL_WORKSPACE]: name } },
    topologyKey: "kubernetes.io/hostname",
  };
  return { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
}

/** Ends the Job at once if one of the containers exits with one of these; that a node was drained does not count. */
export function endedByExitOf(
  containerNames: readonly string[],
  values: readonly number[],
): Job["spec"]["podFailurePolicy"] {
  return {
    rules: [
      ...containerNames.map((containerName) => ({
        action: "FailJob" as const,
        onExitCodes: { containerName, operator: "In" as const, values: [...values] },
      })),
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    ],
  };
}
