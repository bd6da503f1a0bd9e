import type { Container, Job, PodSpec, Volume, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { gitContainer, remoteEnv, rootsEnv } from "./git-container.ts";
import { stepLabels } from "./labels.ts";
import { PACK_CONTAINER, PUSH_CONTAINER, runClaimName, stepJobName } from "./names.ts";
import { ownedByRun } from "./owner.ts";
import { HANDOVER_DIR, TERMINATION_LOG, workDir, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { CONTRACT } from "./scripts.ts";
import type { ScriptValues } from "./script-variables.ts";
import { podSecurity } from "./security.ts";
import { privateTmpMount, recordMount, repositoryMounts, repositoryVolumes, storeMount } from "./volumes.ts";
import { endedByExitOf, oneNode, PERMANENT_EXIT_CODES } from "./workspace-pod.ts";

/** From the creation of the Job, with all its pods. */
export const PUBLISH_DEADLINE_SECONDS = 900;

/** What pack hands over, and a little room. */
const HANDOVER_SIZE = "1Gi";

/**
 * The Job that pushes what a run has come to. `pack` has what an agent wrote and no credential, `push` has the credential
 * and nothing of an agent's but the one file that `pack` has left.
 */
export function buildPublishJob(publish: ResolvedPublish): Job {
  const { run, workspace } = publish;
  const labels = stepLabels({ ...run, workspace }, "publish");
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: stepJobName(run.name, "publish"),
      namespace: run.namespace,
      labels,
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: PUBLISH_DEADLINE_SECONDS,
      podFailurePolicy: endedByExitOf([PACK_CONTAINER, PUSH_CONTAINER], PERMANENT_EXIT_CODES),
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          securityContext: podSecurity(publish.podSecurityContext),
          ...stepPlacement(publish),
          initContainers: [packContainer(publish)],
          containers: [pushContainer(publish)],
          volumes: volumesOf(publish),
        },
      },
    },
  };
}

type Placement = Pick<
  ResolvedPublish,
  "nodeSelector" | "tolerations" | "runtimeClassName" | "priorityClassName" | "imagePullSecrets" | "workspace"
>;

/** Where the pod of a step runs. */
export function stepPlacement(publish: Placement): Partial<PodSpec> {
  const { nodeSelector, tolerations, runtimeClassName, priorityClassName, imagePullSecrets, workspace } =
    publish;
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...(workspace ? oneNode(workspace) : {}),
  };
}

/** With the claim, which it can only read. */
function packContainer(publish: ResolvedPublish): Container {
  const { run, worktree, commit } = publish;
  return gitContainer(publish, "git-pack", {
    name: PACK_CONTAINER,
    env: mergeEnv(
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
      rootsEnv(),
      scriptEnv({
        AGENT_RUN: run.name,
        AGENT_RUN_UID: run.uid,
        AGENT_WORK_DIR: workDir({ name: run.name, worktree }),
        AGENT_HANDOVER: HANDOVER_DIR,
        AGENT_PUBLISH_COMMIT: publish.verified,
        ...commitValues(commit),
      }),
    ),
    volumeMounts: [
      ...claimMounts(run),
      { name: "handover", mountPath: HANDOVER_DIR },
      { name: "tmp", mountPath: "/tmp" },
    ],
  });
}

/** The parts of the claim that a snapshot is made of, which it can only read. */
export function claimMounts(run: { name: string }): VolumeMount[] {
  return [
    storeMount,
    { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo", readOnly: true },
    { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees", readOnly: true },
    { ...recordMount(run), readOnly: true },
  ];
}

/** What makes the commit of what the agent has not committed: the same one in each container. */
export function commitValues(commit: ResolvedPublish["commit"]): ScriptValues {
  return {
    AGENT_PUBLISH_WHEN: commit && "Changed",
    AGENT_COMMIT_MESSAGE: commit?.message,
    AGENT_COMMIT_NAME: commit?.name,
    AGENT_COMMIT_EMAIL: commit?.email,
    AGENT_COMMIT_TIME: commit && String(commit.seconds),
  };
}

/** With the credential, and without the claim. */
function pushContainer(publish: ResolvedPublish): Container {
  const { repository } = publish;
  return gitContainer(publish, "git-push", {
    name: PUSH_CONTAINER,
    env: mergeEnv(
      networkEnv(publish.env, repository),
      // RUN_DIR: where ssh keeps a host's key that it sees for the first time.
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp", RUN_DIR: "/tmp", GIT_TERMINAL_PROMPT: "0" }),
      remoteEnv(repository),
      scriptEnv({
        AGENT_TERMINATION_LOG: TERMINATION_LOG,
        AGENT_CONTRACT: CONTRACT,
        AGENT_HANDOVER: HANDOVER_DIR,
        AGENT_PUBLISH_BRANCH: publish.branch,
        AGENT_PUBLISH_BASE: publish.base,
        AGENT_PUBLISH_NAMED: publish.isNamed ? "true" : undefined,
        AGENT_PROTECTED_PATHS: publish.protectedPaths.join("\n"),
      }),
    ),
    volumeMounts: [
      { name: "handover", mountPath: HANDOVER_DIR, readOnly: true },
      privateTmpMount,
      ...repositoryMounts(repository),
    ],
  });
}

function volumesOf(publish: ResolvedPublish): Volume[] {
  const { run, workspace } = publish;
  return [
    {
      name: "workspace",
      persistentVolumeClaim: { claimName: workspace?.claimName ?? runClaimName(run.name) },
    },
    { name: "handover", emptyDir: { sizeLimit: HANDOVER_SIZE } },
    { name: "tmp", emptyDir: {} },
    ...repositoryVolumes(publish.repository),
  ];
}
