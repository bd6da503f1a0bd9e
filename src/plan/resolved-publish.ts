import type {
  EnvVar,
  LocalKeyRef,
  PodSecurityContext,
  ResourceRequirements,
  Toleration,
} from "../kube/builtin.ts";
import type { Place } from "./place.ts";
import type { PullRequestTask } from "./specs/pull-request-task.ts";
import type { UserVolumes } from "./specs/user-volumes.ts";
import type { RunStep } from "./specs/names.ts";
import type {
  PodFields,
  ResolvedCache,
  ResolvedRepository,
  ResolvedSetup,
  ResolvedWorkspace,
  Services,
} from "./resolved-run.ts";

/** All that is needed to build the Job that publishes a run. Made by `resolvePublish`, read by `plan/specs`. */
export interface ResolvedPublish {
  run: { namespace: string; name: string; uid: string };
  /** Whose claim, worktree and record it has; absent: the run's own. */
  place?: Place;
  /** With the credential to push with. */
  repository: ResolvedRepository;
  workspace?: Pick<ResolvedWorkspace, "name" | "claimName" | "accessMode">;
  worktree?: { branch: string };
  branch: string;
  /** Whether the user has named the branch. */
  isNamed: boolean;
  /** The branch that the work is for; absent: the remote's own. */
  base?: string;
  protectedPaths: readonly string[];
  /** Commits that were published on that branch for the same work, which a push may replace. */
  published: readonly string[];
  /** The pull request that is opened for the branch; `token` is in another Secret than the credential to push with. */
  pullRequest?: PullRequestTask & { token?: LocalKeyRef };
  operatorImage: string;
  /** The commit that was verified: no other one is published. */
  verified?: string;
  /** A commit of what the agent has not committed; absent: only its commits are published. */
  commit?: { name: string; email: string; message: string; seconds: number };
  /** In which the network's variables are. */
  env: EnvVar[];
  /** Private authorities that the containers trust. */
  caBundle?: LocalKeyRef;
  gitImage: string;
  gitResources: ResourceRequirements;
  pod?: PodFields;
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
  runtimeClassName?: string;
  priorityClassName?: string;
  imagePullSecrets?: { name: string }[];
  podSecurityContext?: PodSecurityContext;
}

/** All that is needed to build a Job that judges a run. */
export interface ResolvedVerify extends Omit<
  ResolvedPublish,
  | "repository"
  | "branch"
  | "isNamed"
  | "base"
  | "protectedPaths"
  | "published"
  | "pullRequest"
  | "operatorImage"
  | "verified"
> {
  step: Exclude<RunStep, "publish">;
  /** Of which attempt of the agent, so that the Job of an earlier one is not taken for it. */
  attempt: string;
  /** Names of the repositories beside the run's own. */
  additional?: readonly string[];
  setup?: ResolvedSetup;
  services?: Services;
  caches?: ResolvedCache[];
  volumes?: UserVolumes;
  command: readonly string[];
  image: string;
  timeoutSeconds: number;
  resources?: ResourceRequirements;
  /** The queue of Kueue that lets its Job start. */
  queueName?: string;
  /** How the network is reached. */
  network: EnvVar[];
}
