import { ANNOTATION_ORIGIN } from "../../api/labels.ts";
import type { Container, Job } from "../../kube/builtin.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { networkEnv, scriptEnv } from "./env.ts";
import { gitContainer, gitSteps } from "./git-container.ts";
import { workspaceLabels } from "./labels.ts";
import {
  GIT_CHECKOUT_CONTAINER,
  GIT_CLONE_CONTAINER,
  workspaceClaimName,
  workspaceJobName,
} from "./names.ts";
import { ownedByWorkspace } from "./owner.ts";
import { trusting } from "./authorities.ts";
import { podMetadata } from "./pod-fields.ts";
import { RUN_DIR, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { repositoryVolumes, storeMount } from "./volumes.ts";
import { endedByExitOf, PERMANENT_EXIT_CODES, workspacePod } from "./workspace-pod.ts";

/** Tries of a clone that fails for the network; the Job's controller waits longer before each. */
const RETRIES = 3;

/** The Job that makes a workspace's checkout. */
export function buildWorkspaceJob(workspace: WorkspaceSetup): Job {
  return trusting(jobOf(workspace), workspace);
}

function jobOf(workspace: WorkspaceSetup): Job {
  const labels = workspaceLabels(workspace.name);
  const containers = buildContainers(workspace);
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
      podFailurePolicy: endedByExitOf(
        containers.map(({ name }) => name),
        PERMANENT_EXIT_CODES,
      ),
      template: {
        metadata: podMetadata(labels, workspace.pod),
        spec: workspacePod(workspace, containers, repositoryVolumes(workspace.repository)),
      },
    },
  };
}

function buildContainers(workspace: WorkspaceSetup): Container[] {
  const { repository } = workspace;
  return gitSteps({
    names: { alone: GIT_CLONE_CONTAINER, fetch: GIT_CLONE_CONTAINER, checkout: GIT_CHECKOUT_CONTAINER },
    repository,
    resources: workspace.gitResources,
    network: networkEnv(workspace.env, repository),
    env: scriptEnv({
      AGENT_CLAIM: workspaceClaimName(workspace.name),
      AGENT_STORAGE_CLASS: workspace.storageClass,
      AGENT_REPOSITORY_BRANCH: repository.branch,
      AGENT_REPOSITORY_SUBMODULES: repository.submodules ? "true" : undefined,
    }),
    mounts: [
      storeMount,
      { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo" },
      { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees" },
      { name: "workspace", mountPath: RUN_DIR, subPath: "runs/.workspace" },
      { name: "tmp", mountPath: "/tmp" },
    ],
    container: (own) => gitContainer(workspace, "git-workspace", own),
  });
}
