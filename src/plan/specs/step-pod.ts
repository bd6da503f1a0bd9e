import type { EnvVar, PodSpec, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import { literalEnv, mergeEnv, scriptEnv } from "./env.ts";
import { rootsEnv } from "./git-container.ts";
import { workDir, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { podSpecFields } from "./pod-fields.ts";
import type { ScriptValues } from "./script-variables.ts";
import { recordMount, storeMount } from "./volumes.ts";
import { oneNode } from "./workspace-pod.ts";

type Placement = Pick<
  ResolvedPublish,
  | "pod"
  | "nodeSelector"
  | "tolerations"
  | "runtimeClassName"
  | "priorityClassName"
  | "imagePullSecrets"
  | "workspace"
>;

/** Where the pod of a step runs. */
export function stepPlacement(publish: Placement): Partial<PodSpec> {
  const { pod, nodeSelector, tolerations, runtimeClassName, priorityClassName, imagePullSecrets, workspace } =
    publish;
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(imagePullSecrets ? { imagePullSecrets } : {}),
    ...podSpecFields(pod, workspace && oneNode(workspace)),
  };
}

/** The parts of the claim that a snapshot is made of, which it can only read. */
export function claimMounts(place: { name: string }): VolumeMount[] {
  return [
    storeMount,
    { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo", readOnly: true },
    { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees", readOnly: true },
    { ...recordMount(place), readOnly: true },
  ];
}

/** What a container knows that fixes the work of a run as one commit, and `values` beside it. */
export function snapshotEnv(
  { run, place = run, worktree, commit }: Pick<ResolvedPublish, "run" | "place" | "worktree" | "commit">,
  values: ScriptValues,
): EnvVar[] {
  return mergeEnv(
    literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
    rootsEnv(),
    scriptEnv({
      AGENT_RUN: place.name,
      AGENT_RUN_UID: place.uid,
      AGENT_WORK_DIR: workDir(place, worktree),
      ...values,
      ...commitValues(commit),
    }),
  );
}

/** What makes the commit of what the agent has not committed: the same one in each container. */
function commitValues(commit: ResolvedPublish["commit"]): ScriptValues {
  return {
    AGENT_PUBLISH_WHEN: commit && "Changed",
    AGENT_COMMIT_MESSAGE: commit?.message,
    AGENT_COMMIT_NAME: commit?.name,
    AGENT_COMMIT_EMAIL: commit?.email,
    AGENT_COMMIT_TIME: commit && String(commit.seconds),
  };
}
