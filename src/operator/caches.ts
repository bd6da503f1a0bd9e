import { LABEL_COMPONENT, LABEL_MANAGED_BY, OPERATOR_NAME } from "../api/labels.ts";
import type { AgentRun } from "../api/agent-run.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentWorkspaces,
} from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import { jobs, persistentVolumeClaims, pods, secrets, type Job, type Pod } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import { CACHE_COMPONENT, RUN_COMPONENT, WORKSPACE_COMPONENT } from "../plan/specs/labels.ts";
import type { JobState } from "../plan/jobs/job-state.ts";
import { starterKeyOf } from "../plan/agent-run/concurrency.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import { withContinued } from "../plan/place.ts";
import { queuesForBranch } from "../plan/places.ts";
import { suspendedBy } from "../plan/jobs/suspension.ts";
import type { Log } from "../runtime/log.ts";
import {
  byOwnerUid,
  createProjectedReflector,
  createReflector,
  withoutManagedFields,
  type AnyReflector,
  type ReflectorObserver,
} from "../client/cache/reflector.ts";

/** One watch for each resource that plans read. Of children only the operator's own are watched. */
export type Caches = ReturnType<typeof createCaches>;

export interface CacheOptions {
  client: Client;
  /** Empty: the whole cluster. */
  namespaces: readonly string[];
  /** Watch the Secrets of these names only. Empty: all of them. */
  secretNames: readonly string[];
  log: Log;
  observer?: ReflectorObserver;
}

const OURS = `${LABEL_MANAGED_BY}=${OPERATOR_NAME}`;
export const RUN_JOBS = `${OURS},${LABEL_COMPONENT}=${RUN_COMPONENT}`;

export function createCaches(options: CacheOptions) {
  const labelSelector = OURS;
  const watch = { omit: ["managedFields"], pageSize: PAGE };
  const ours = { ...options, indexes: { owner: byOwnerUid } };
  return {
    runs: createProjectedReflector({
      ...options,
      type: agentRuns,
      watch,
      project: trimRun,
      indexes: {
        workspace: workspacesOf,
        unfinished,
        queuesForBranch: inBranchQueue,
        owner: byOwnerUid,
        starter: starterKeyOf,
      },
    }),
    workspaces: createReflector({ ...options, watch, type: agentWorkspaces }),
    providers: createReflector({ ...options, watch, type: agentProviders }),
    configs: createReflector({ ...options, watch, type: agentConfigs }),
    schedules: createReflector({ ...options, watch, type: agentSchedules }),
    // Their pods show how they go; if there is none, the Job itself is asked.
    runJobs: createProjectedReflector({
      ...ours,
      type: jobs,
      watch: {
        ...watch,
        labelSelector: RUN_JOBS,
        metadataOnly: true,
      },
      project: onlyMetadata,
    }),
    workspaceJobs: createProjectedReflector({
      ...ours,
      type: jobs,
      watch: {
        labelSelector: `${labelSelector},${LABEL_COMPONENT}!=${RUN_COMPONENT}`,
        omit: UNREAD_OF_PODS,
        pageSize: LARGE_OBJECTS_PAGE,
      },
      project: trimJob,
    }),
    pods: createProjectedReflector({
      ...ours,
      type: pods,
      watch: { labelSelector, omit: UNREAD_OF_PODS, pageSize: LARGE_OBJECTS_PAGE },
      project: trimPod,
    }),
    // A run's own claim is looked at only when its pod is slow; a workspace's can be added to, and a cache's is shown.
    claims: createProjectedReflector({
      ...options,
      type: persistentVolumeClaims,
      watch: {
        ...watch,
        labelSelector: `${labelSelector},${LABEL_COMPONENT} in (${WORKSPACE_COMPONENT},${CACHE_COMPONENT})`,
      },
      indexes: { owner: byOwnerUid },
      project: withoutManagedFields,
    }),
    secrets: createProjectedReflector({
      ...options,
      type: secrets,
      names: options.secretNames,
      watch: { ...watch, metadataOnly: true },
      project: onlyIdentity,
    }),
  };
}

/** Of a Job's or pod's 40 KiB nearly all is scripts and environment, which nobody reads back: it is not even parsed. */
const UNREAD_OF_PODS = ["managedFields", "command", "args", "env", "volumes", "volumeMounts", "tolerations"];

/** Objects in one page of a list: about 1 MiB of text, which is what is held in memory at once. */
export const PAGE = 200;
const LARGE_OBJECTS_PAGE = 25;

/** Every cache, for what is done to all of them. */
export function allCaches(caches: Caches): AnyReflector[] {
  return Object.values(caches);
}

/**
 * What a run has taken over from another one is read as its own. A finished run is never built again, and its prompt may
 * be 100 KiB: what is left is what one that continues it takes over.
 */
function trimRun(given: AgentRun): AgentRun {
  const run = withContinued(withoutManagedFields(given));
  if (!isFinished(run)) return run;
  const { workspaceRef, worktree, ttlSecondsAfterFinished, dependsOn, continueFrom } = run.spec;
  const { repository, additionalRepositories, agent, command, publish } = run.spec;
  return {
    ...run,
    spec: {
      workspaceRef,
      worktree,
      ttlSecondsAfterFinished,
      dependsOn,
      continueFrom,
      repository,
      additionalRepositories,
      agent,
      command,
      publish,
    },
  };
}

/** The `namespace/name` of the workspace that a run names, if it names one. */
export function workspacesOf({ metadata, spec }: AgentRun): string[] {
  return spec.workspaceRef === undefined ? [] : [`${metadata.namespace}/${spec.workspaceRef}`];
}

/** The namespace of a run that still goes on. */
function unfinished(run: AgentRun): string[] {
  return isFinished(run) ? [] : [run.metadata.namespace ?? ""];
}

/** The namespace of a run that waits, or has waited, for its branch or checkout. */
function inBranchQueue(run: AgentRun): string[] {
  return queuesForBranch(run) ? unfinished(run) : [];
}

/** Nobody reads back what was asked of a Job, which is nearly all of it. */
function trimJob(job: Job): JobState {
  const suspended = suspendedBy(job);
  const { metadata, status } = withoutManagedFields(job);
  return { metadata, ...(status && { status }), ...(suspended && { suspended }) };
}

function onlyMetadata(object: KubeObject): KubeObject {
  return { metadata: withoutManagedFields(object).metadata };
}

function trimPod(pod: Pod): Pod {
  const { nodeName, activeDeadlineSeconds } = pod.spec;
  return { ...withoutManagedFields(pod), spec: { nodeName, activeDeadlineSeconds, containers: [] } };
}

function onlyIdentity({ metadata }: KubeObject): KubeObject {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { metadata: { namespace, name, uid, resourceVersion } };
}
