import { ANNOTATION_ORIGIN } from "../../api/labels.ts";
import type { Container, Job } from "../../kube/builtin.ts";
import type { WorkspaceSetup } from "../resolved-workspace.ts";
import { literalEnv, mergeEnv, networkEnv } from "./env.ts";
import { gitContainer, remoteEnv, rootsEnv } from "./git-container.ts";
import { workspaceLabels } from "./labels.ts";
import { GIT_CLONE_CONTAINER, workspaceClaimName, workspaceJobName } from "./names.ts";
import { ownedByWorkspace } from "./owner.ts";
import { RUN_DIR, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { repositoryMounts, repositoryVolumes } from "./volumes.ts";
import { endedByExitOf, PERMANENT_EXIT_CODES, workspacePod } from "./workspace-pod.ts";

/** Tries of a clone that fails for the network; the Job's controller waits longer before each. */
const RETRIES = 3;

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
      podFailurePolicy: endedByExitOf(GIT_CLONE_CONTAINER, PERMANENT_EXIT_CODES),
      template: {
        metadata: { labels },
        spec: workspacePod(workspace, buildContainer(workspace), repositoryVolumes(workspace.repository)),
      },
    },
  };
}

function buildContainer(workspace: WorkspaceSetup): Container {
  const { repository } = workspace;
  return gitContainer(workspace, "git-workspace", {
    name: GIT_CLONE_CONTAINER,
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
    volumeMounts: [
      { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo" },
      { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees" },
      { name: "workspace", mountPath: RUN_DIR, subPath: "runs/.workspace" },
      { name: "tmp", mountPath: "/tmp" },
      ...repositoryMounts(repository),
    ],
  });
}
