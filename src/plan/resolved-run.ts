import type { AgentRunSpec } from "../api/agent-run.ts";
import type { AgentType } from "../api/agent-types.ts";
import type {
  Affinity,
  EnvVar,
  LocalKeyRef,
  PodSecurityContext,
  ResourceRequirements,
  Toleration,
} from "../kube/builtin.ts";

import type { Place } from "./place.ts";
import type { AppTokenTask } from "./specs/app-token-task.ts";
import type { UserVolumes } from "./specs/user-volumes.ts";

/** A key that is mounted as a file. */
export type KeySource = { secret: LocalKeyRef } | { configMap: LocalKeyRef };

export type InstructionSource = { text: string } | KeySource;

/** A GitHub App by which a repository is reached. */
export interface ResolvedGitHubApp {
  /** Name of its Secret. */
  secret: string;
  /** The operator's, in which the container runs that asks GitHub. */
  image: string;
  task: AppTokenTask;
}

/** A repository as the git containers need it. */
export interface ResolvedRepository {
  url: string;
  branch?: string;
  commit?: string;
  credentials?: LocalKeyRef;
  /** In place of credentials: a container of the operator's image gets a token of it for each pod. */
  githubApp?: ResolvedGitHubApp;
  caBundle?: LocalKeyRef;
  submodules: boolean;
  exposeCredentialsToAgent: boolean;
}

/** A repository beside that of the run, as context. */
export interface AdditionalRepository extends ResolvedRepository {
  name: string;
}

/** A workspace that is Ready, as a run uses it. */
export interface ResolvedWorkspace {
  name: string;
  claimName: string;
  repository: ResolvedRepository;
  sharedVolumes: { name: string; claimName: string; mountPath: string }[];
  accessMode: "ReadWriteMany" | "ReadWriteOnce";
}

/** A volume that runs of the namespace share. */
export interface ResolvedCache {
  name: string;
  mountPath: string;
  accessMode: "ReadWriteOnce" | "ReadWriteMany";
  /** Of a claim that is to be made. */
  storage: { className?: string; size: string };
}

export type Services = NonNullable<AgentRunSpec["services"]>;

/** What prepares a checkout before an agent, or a command that judges its work, starts there. */
export interface ResolvedSetup {
  command: string[];
  timeoutSeconds: number;
  /** Without a key of a provider. */
  env: EnvVar[];
}

export interface ResolvedProvider {
  name: string;
  /** Where the credential is, and the variable that carries it to the agent; absent when the run sets that variable itself. */
  token?: { variable: string; secret: LocalKeyRef };
  environment: Record<string, string>;
  cliArgs: string[];
}

/** What every pod of a run has, or of a workspace, as the user wants it. */
export interface PodFields {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  affinity?: Affinity;
  topologySpreadConstraints?: object[];
  hostAliases?: { ip: string; hostnames: string[] }[];
  dnsPolicy?: string;
  dnsConfig?: object;
}

/**
 * An AgentRun with every reference followed and every default applied: all that is needed to build
 * its claim and its Job, and nothing else. Made by `resolveRun`, read by `plan/specs`.
 */
export interface ResolvedRun {
  namespace: string;
  name: string;
  uid: string;
  /** Whose claim, worktree and record it uses; absent: its own. */
  place?: Place;
  /** The run that has worked there before, whose session and hidden files are beside its transcript. */
  leftBy?: string;
  agent: AgentType;
  /** Exactly one of `prompt` and `promptFrom` is set. */
  prompt?: string;
  promptFrom?: KeySource;
  /** What the agent is told about its work so far, if that failed its verification. */
  feedback?: string;
  systemPrompt?: string;
  /** The AgentConfig's instructions, before the run's own. */
  sharedInstructions?: InstructionSource;
  instructions?: InstructionSource;
  mcpServers: NonNullable<AgentRunSpec["mcpServers"]>;
  skills?: NonNullable<AgentRunSpec["skills"]>;
  /** The program of an agent that has none itself, with its first arguments. */
  command?: string[];
  /** Further arguments, after the provider's. */
  args: string[];
  model?: string;
  maxTurns?: number;
  /** A JSON schema on one line. */
  resultSchema?: string;
  provider?: ResolvedProvider;
  /** Set for a standalone run. */
  repository?: ResolvedRepository;
  additional?: AdditionalRepository[];
  /** Set for a run on a shared workspace. */
  workspace?: ResolvedWorkspace;
  worktree?: {
    branch: string;
    sourceBranch?: string;
    /** Runs of the workspace that have ended and left a worktree on this branch. */
    releasedBy?: string[];
  };
  /** The LocalQueue of Kueue that the Job waits in. */
  queueName?: string;
  /** Names of the runs whose ends it gets as files. */
  dependsOn?: string[];
  /** Whether the event that has started it is in its own ConfigMap. */
  hasEvent?: boolean;
  /** AgentConfig.env < provider.environment < run env, merged by name; the operator's own come on top in the builder. */
  env: EnvVar[];
  setup?: ResolvedSetup;
  services?: Services;
  caches?: ResolvedCache[];
  volumes?: UserVolumes;
  /** Private authorities that all containers but the services trust. */
  caBundle?: LocalKeyRef;
  image: string;
  gitImage: string;
  /** Of the containers that run git. */
  gitResources: ResourceRequirements;
  timeoutSeconds: number;
  stallSeconds?: number;
  /** Whether the agent's session is kept on the claim for a further attempt or run. */
  keepSession?: boolean;
  /** The agent's own name of the session that goes on. */
  resumeSession?: string;
  /** Whether that was interrupted in this run's own task. */
  isInterrupted?: boolean;
  trustRepositoryConfig: boolean;
  gitIdentity: { name: string; email: string };
  storage: { className?: string; size: string };
  resources?: ResourceRequirements;
  pod?: PodFields;
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
  runtimeClassName?: string;
  priorityClassName?: string;
  serviceAccountName?: string;
  imagePullSecrets?: { name: string }[];
  podSecurityContext?: PodSecurityContext;
}
