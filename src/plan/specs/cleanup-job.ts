import { ANNOTATION_CHECKOUT, ANNOTATION_ORIGIN, LABEL_COMPONENT, LABEL_RUN } from "../../api/labels.ts";
import type { Container, Job, PodSecurityContext, ResourceRequirements } from "../../kube/builtin.ts";
import type { Place } from "../place.ts";
import { literalEnv, mergeEnv, scriptEnv } from "./env.ts";
import { gitContainer, rootsEnv } from "./git-container.ts";
import { CLEANUP_COMPONENT, workspaceLabels } from "./labels.ts";
import { cleanupJobName, GIT_CLEANUP_CONTAINER, workspaceClaimName } from "./names.ts";
import { alsoOwnedByRun, ownedByWorkspace } from "./owner.ts";
import { WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { lockMount, recordMount, storeMount } from "./volumes.ts";
import { podMetadata } from "./pod-fields.ts";
import type { PodFields } from "../resolved-run.ts";
import { endedByExitOf, PERMANENT_EXIT_CODES, workspacePod } from "./workspace-pod.ts";

/** What the script says of a worktree with work that no branch has. */
export const KEPT_EXIT_CODE = 68;

/** A deletion that waits for it must end, whatever stands in its way. */
export const DEADLINE_SECONDS = 600;

/** Long enough to be seen; the Job of a run's successor has the same name. */
const KEPT_SECONDS = 600;

/** A worktree that is to be removed, and where. */
export interface WorktreeCleanup {
  run: { name: string; uid: string };
  /** Whose worktree it is, if another run has made it. */
  place?: Place;
  workspace: {
    namespace: string;
    name: string;
    uid: string;
    accessMode: "ReadWriteMany" | "ReadWriteOnce";
  };
  /** Also one with work that no branch has. */
  force: boolean;
  gitImage: string;
  gitResources: ResourceRequirements;
  pod?: PodFields;
  imagePullSecrets?: { name: string }[];
  priorityClassName?: string;
  podSecurityContext?: PodSecurityContext;
}

/** What the Job was made for; one of another origin says nothing about this clean-up. */
export function cleanupOrigin({ run, force }: Pick<WorktreeCleanup, "run" | "force">): string {
  return `${run.uid}/${force ? "Force" : "Safe"}`;
}

/** The Job that removes a run's worktree. The workspace's, because the run may be gone before it ends. */
export function buildCleanupJob(cleanup: WorktreeCleanup): Job {
  const { run, workspace } = cleanup;
  const labels = {
    ...workspaceLabels(workspace.name),
    [LABEL_COMPONENT]: CLEANUP_COMPONENT,
    [LABEL_RUN]: run.name,
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: cleanupJobName(run.name),
      namespace: workspace.namespace,
      labels,
      annotations: {
        [ANNOTATION_ORIGIN]: cleanupOrigin(cleanup),
        ...(cleanup.place ? { [ANNOTATION_CHECKOUT]: cleanup.place.name } : {}),
      },
      ownerReferences: [ownedByWorkspace(workspace), alsoOwnedByRun(run)],
    },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: DEADLINE_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      podFailurePolicy: endedByExitOf([GIT_CLEANUP_CONTAINER], [...PERMANENT_EXIT_CODES, KEPT_EXIT_CODE]),
      template: {
        metadata: podMetadata(labels, cleanup.pod),
        spec: workspacePod({ ...cleanup, ...workspace }, [buildContainer(cleanup)]),
      },
    },
  };
}

/** No credentials: it never talks to the remote. */
function buildContainer({ run, place = run, workspace, force, ...git }: WorktreeCleanup): Container {
  return gitContainer(git, "git-cleanup", {
    name: GIT_CLEANUP_CONTAINER,
    env: mergeEnv(
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
      rootsEnv(),
      scriptEnv({
        AGENT_RUN: place.name,
        AGENT_RUN_UID: place.uid,
        AGENT_CLAIM: workspaceClaimName(workspace.name),
        AGENT_CLEANUP_FORCE: force ? "true" : undefined,
      }),
    ),
    volumeMounts: [
      storeMount,
      lockMount,
      { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo" },
      { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees" },
      recordMount(place),
      { name: "tmp", mountPath: "/tmp" },
    ],
  });
}
