/** The claim of a standalone run. */
export function runClaimName(run: string): string {
  return `${run}-workspace`;
}

/** The ConfigMap with what the runs that a run depends on have left. */
export function runInputsName(run: string): string {
  return `${run}-inputs`;
}

/** The ConfigMap with the event that has started a run. */
export function runEventName(run: string): string {
  return `${run}-event`;
}

/** The ConfigMap with the hashes of events that have started runs of a trigger. */
export function triggerSeenName(trigger: string): string {
  return `${trigger}-seen`;
}

/** The ConfigMap with what is known of the events of the repository that a trigger polls. */
export function triggerPolledName(trigger: string): string {
  return `${trigger}-polled`;
}

/** The ConfigMap with when runs of a trigger with limits.perHour have started; another trigger of the same name has its own. */
export function triggerStartsName({ name, uid }: { name: string; uid: string }): string {
  return `${name}-starts-${uid.slice(0, 8)}`;
}

/** The ConfigMap with what a notifier has told its sink. */
export function notifierSentName(notifier: string): string {
  return `${notifier}-sent`;
}

/** The Job of a run has the run's own name, so that `kubectl logs job/RUN -c agent` works. */
export function runJobName(run: string): string {
  return run;
}

/** The claim of a workspace's checkout and worktrees. */
export function workspaceClaimName(workspace: string): string {
  return `${workspace}-ws`;
}

/** The claim of one shared volume of a workspace. */
export function sharedClaimName(workspace: string, volume: string): string {
  return `${workspace}-${volume}`;
}

/** The claim of a cache, which all runs of its namespace share that name it. */
export function cacheClaimName(cache: string): string {
  return `cache-${cache}`;
}

/** The container whose end is the end of the run. */
export const AGENT_CONTAINER = "agent";

/** Clones the repository of a standalone run or a workspace; with credentials only into the store. */
export const GIT_CLONE_CONTAINER = "git-clone";

/** Makes the checkout, and a standalone run's worktree, from the store. */
export const GIT_CHECKOUT_CONTAINER = "git-checkout";

/** Fetches the newest commit for a worktree into the store of a workspace. */
export const GIT_FETCH_CONTAINER = "git-fetch";

/** Adds the worktree of a run on a shared workspace. */
export const GIT_WORKTREE_CONTAINER = "git-worktree";

/** The containers of a repository beside the run's own, which do what those of the run's own do. */
export const ADDITIONAL_CONTAINERS = { clone: "repo-clone", checkout: "repo-checkout", token: "repo-token" };

const ADDITIONAL = new RegExp(`^(?:${Object.values(ADDITIONAL_CONTAINERS).join("|")})-(.+)$`);

/** The repository beside the run's own that a container is of; undefined if it is of none. */
export function additionalOf(container: string): string | undefined {
  return ADDITIONAL.exec(container)?.[1];
}

/** Removes the worktree of a run on a shared workspace. */
export const GIT_CLEANUP_CONTAINER = "git-cleanup";

/** The containers of services; what is in them is the user's, so they are none of the operator's own. */
const SERVICE_PREFIX = "service-";

export function serviceContainerName(service: string): string {
  return `${SERVICE_PREFIX}${service}`;
}

/** The service that a container is; undefined if it is none. */
export function serviceOf({ name }: { name: string }): string | undefined {
  return name.startsWith(SERVICE_PREFIX) ? name.slice(SERVICE_PREFIX.length) : undefined;
}

/** Prepares the checkout for the agent, or for the command that judges its work. */
export const SETUP_CONTAINER = "setup";

/** Joins the public authorities with the user's, for all other containers of a pod. */
export const AUTHORITIES_CONTAINER = "authorities";

/** Fixes what a run has come to as one commit, for the container that pushes it. */
export const PACK_CONTAINER = "pack";

/** Pushes that commit. */
export const PUSH_CONTAINER = "push";

/** Opens the pull request for it. */
/** Gets a token of a GitHub App for the containers after it. */
export const TOKEN_CONTAINER = "token";

export const PULL_REQUEST_CONTAINER = "pull-request";

/** Checks out one commit of a run, for the container that judges it. */
export const SNAPSHOT_CONTAINER = "snapshot";

/** Runs the command that judges a run's work. */
export const VERIFY_CONTAINER = "verify";

const OWN_CONTAINERS: ReadonlySet<string> = new Set([
  AGENT_CONTAINER,
  GIT_CLONE_CONTAINER,
  GIT_CHECKOUT_CONTAINER,
  GIT_FETCH_CONTAINER,
  GIT_WORKTREE_CONTAINER,
  GIT_CLEANUP_CONTAINER,
  SETUP_CONTAINER,
  AUTHORITIES_CONTAINER,
  SNAPSHOT_CONTAINER,
  VERIFY_CONTAINER,
  PACK_CONTAINER,
  PUSH_CONTAINER,
  TOKEN_CONTAINER,
  PULL_REQUEST_CONTAINER,
]);

/** Whether a container is one that this operator puts into its pods. What a mesh or an admission webhook adds decides nothing. */
export function isOwnContainer({ name }: { name: string }): boolean {
  return OWN_CONTAINERS.has(name) || additionalOf(name) !== undefined;
}

/** The Job that removes the worktree of a run. */
export function cleanupJobName(run: string): string {
  return `${run}-cleanup`;
}

/** What follows a run's agent: its work is judged, what it started from is judged too, the work is published. */
export const RUN_STEPS = ["verify", "base", "publish"] as const;
export type RunStep = (typeof RUN_STEPS)[number];

/** The Job of a step. */
export function stepJobName(run: string, step: RunStep): string {
  return `${run}-${step}`;
}

/** The Job that makes a workspace's checkout. */
export function workspaceJobName(workspace: string): string {
  return `${workspace}-init`;
}
