import { ANNOTATION_ORIGIN, LABEL_WORKSPACE } from "../../api/labels.ts";
import type { Container, Job, PodSpec, Volume } from "../../kube/builtin.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { literalEnv, mergeEnv, networkEnv } from "./env.ts";
import { remoteEnv, rootsEnv } from "./git-container.ts";
import { workspaceLabels } from "./labels.ts";
import { GIT_CLONE_CONTAINER, workspaceClaimName, workspaceJobName } from "./names.ts";
import { ownedByWorkspace } from "./owner.ts";
import { RUN_DIR, TERMINATION_LOG, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { gitWorkspaceScript } from "./scripts.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { repositoryMounts, repositoryVolumes } from "./volumes.ts";

/** Tries of a clone that fails for the network; the Job's controller waits longer before each. */
const RETRIES = 3;

/** What the scripts say of failures that another try would not change. */
const PERMANENT_EXIT_CODES = [64, 65, 66];

/** The Job that makes a workspace's checkout. */
export function buildWorkspaceJob(workspace: WorkspaceSetup): Job {
  const labels = workspaceLabels(workspace.name);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: workspaceJobName(workspace.name),
      namespace: workspace.namespace,
      labels,
      annotations: { [ANNOTATION_ORIGIN]: workspace.origin },
      ownerReferences: [ownedByWorkspace(workspace)],
    },
    spec: {
      backoffLimit: RETRIES,
      podFailurePolicy: {
        rules: [
          {
            action: "FailJob",
            onExitCodes: { containerName: GIT_CLONE_CONTAINER, operator: "In", values: PERMANENT_EXIT_CODES },
          },
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        ],
      },
      template: { metadata: { labels }, spec: buildPod(workspace) },
    },
  };
}

function buildPod(workspace: WorkspaceSetup): PodSpec {
  const { imagePullSecrets, priorityClassName, podSecurityContext } = workspace;
  return {
    restartPolicy: "Never",
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: podSecurity(podSecurityContext),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...oneNode(workspace),
    containers: [buildContainer(workspace)],
    volumes: buildVolumes(workspace),
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

function buildContainer(workspace: WorkspaceSetup): Container {
  const { repository } = workspace;
  return {
    name: GIT_CLONE_CONTAINER,
    image: workspace.gitImage,
    command: ["/bin/sh", "-c", gitWorkspaceScript],
    env: mergeEnv(
      networkEnv(workspace.env),
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
      rootsEnv(),
      remoteEnv(repository),
      literalEnv({
        AGENT_CLAIM: workspaceClaimName(workspace.name),
        AGENT_STORAGE_CLASS: workspace.storageClass,
        AGENT_REPOSITORY_BRANCH: repository.branch,
        AGENT_REPOSITORY_SUBMODULES: repository.submodules ? "true" : undefined,
      }),
    ),
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "1Gi" } },
    volumeMounts: [
      { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo" },
      { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees" },
      { name: "workspace", mountPath: RUN_DIR, subPath: "runs/.workspace" },
      { name: "tmp", mountPath: "/tmp" },
      ...repositoryMounts(repository),
    ],
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

function buildVolumes({ name, repository }: WorkspaceSetup): Volume[] {
  return [
    { name: "workspace", persistentVolumeClaim: { claimName: workspaceClaimName(name) } },
    { name: "tmp", emptyDir: {} },
    ...repositoryVolumes(repository),
  ];
}
