import type { AgentRunPhase } from "./agent-run.ts";
import type { AgentWorkspacePhase } from "./agent-workspace.ts";
import type { KindName } from "./group.ts";

/** What one reason means: the words of `status.reason` and of every condition come from this table. */
export interface ReasonFacts {
  /** Kinds whose status can carry it. */
  readonly kinds: readonly KindName[];
  /** Phases that it explains; empty: it stands in conditions only. */
  readonly phases: readonly (AgentRunPhase | AgentWorkspacePhase)[];
  /** Whether the object stays as it is from here on. */
  readonly terminal: boolean;
  /** Whether the same thing done again can end otherwise. */
  readonly retryable: boolean;
  readonly meaning: string;
  /** What the user can do; empty: nothing is needed. */
  readonly remedy: string;
}

type Facts = Pick<ReasonFacts, "meaning"> & Partial<ReasonFacts>;

function facts(defaults: Omit<ReasonFacts, "meaning">, given: Facts): ReasonFacts {
  return { ...defaults, ...given };
}

/** A run that waits by itself for something that is missing. */
function waiting(meaning: string, remedy: string, more: Partial<ReasonFacts> = {}): ReasonFacts {
  const defaults = {
    kinds: ["AgentRun"],
    phases: ["Pending"],
    terminal: false,
    retryable: false,
    remedy,
  } as const;
  return facts(defaults, { meaning, ...more });
}

/** A run on its way. */
function underWay(phase: AgentRunPhase, meaning: string, more: Partial<ReasonFacts> = {}): ReasonFacts {
  const defaults = { kinds: ["AgentRun"], terminal: false, retryable: false, remedy: "" } as const;
  return facts({ ...defaults, phases: [phase] }, { meaning, ...more });
}

/** A run that has failed. */
function failed(meaning: string, remedy: string, more: Partial<ReasonFacts> = {}): ReasonFacts {
  const defaults = {
    kinds: ["AgentRun"],
    phases: ["Failed"],
    terminal: true,
    retryable: false,
    remedy,
  } as const;
  return facts(defaults, { meaning, ...more });
}

/** A reason that stands in conditions only. */
function condition(
  kinds: ReasonFacts["kinds"],
  meaning: string,
  remedy = "",
  more: Partial<ReasonFacts> = {},
): ReasonFacts {
  return { kinds, phases: [], terminal: false, retryable: false, meaning, remedy, ...more };
}

export const REASONS = {
  ProviderNotFound: waiting(
    "The AgentProvider that the run names does not exist.",
    "Create the AgentProvider, or correct providerRef; the run starts by itself.",
  ),
  ProviderRequired: waiting(
    "No provider is known for the run, and its agent needs one.",
    "Set defaultProviders in the AgentConfig, or create the run again with providerRef or provider.",
  ),
  SecretNotFound: waiting(
    "A Secret that is named does not exist.",
    "Create the Secret with the key that the message names; what waits for it goes on by itself.",
    {
      kinds: ["AgentRun", "AgentWorkspace", "AgentProvider"],
      phases: ["Pending", "Initializing"],
    },
  ),
  KeyNotFound: waiting(
    "A Secret or ConfigMap exists, but does not have the key that is named.",
    "Add the key that the message names, or correct the reference; what waits for it goes on by itself.",
    {
      kinds: ["AgentRun", "AgentWorkspace", "AgentProvider"],
      phases: ["Pending", "Initializing"],
    },
  ),
  ConfigMapNotFound: waiting(
    "A ConfigMap that is named does not exist.",
    "Create the ConfigMap with the key that the message names; what waits for it goes on by itself.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Pending", "Initializing"] },
  ),
  WorkspaceNotFound: waiting(
    "The AgentWorkspace that the run names does not exist.",
    "Create the AgentWorkspace; the run starts by itself once it is Ready.",
  ),
  WorkspaceNotReady: waiting(
    "The AgentWorkspace that the run names is not Ready.",
    "Wait, or see why with kubectl describe agentworkspace; the run starts by itself once it is Ready.",
  ),
  Forbidden: waiting(
    "The API server does not let the operator create what is needed: a quota is used up, or a permission is missing.",
    "Free some of the quota or grant what the message names; the operator tries again by itself.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentProvider"], retryable: true },
  ),
  WaitingForDeletion: waiting(
    "An object with the name of a Job or claim that is needed belongs to a predecessor and is still being removed.",
    "Wait: what needs the name goes on by itself. If it lasts, see what holds the object that the message names.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  CreationFailed: waiting(
    "The API server, or an admission webhook that it asks, is out of order and creates nothing.",
    "See the message, which holds the last answer; the operator tries again by itself.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Queued: waiting(
    "The Job is suspended: a queue, an admission webhook or somebody holds it back.",
    "See the message for who; the run starts when the Job is resumed.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"] },
  ),
  JobCreated: underWay("Initializing", "The Job exists; its pod is being made."),
  PodNotCreated: waiting(
    "The Job's pod cannot be created: a quota, an admission rule or a missing service account stands against it.",
    "See the message, which is the Job's newest Warning event; the Job tries again by itself until the timeout.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"] },
  ),
  Unschedulable: waiting(
    "No node takes the pod.",
    "See the message: resources, nodeSelector, tolerations or the claim's zone do not fit any node.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"] },
  ),
  ClaimPending: waiting(
    "The claim is not bound to a volume yet.",
    "See the message: the storage class may not exist, or not offer the access mode or size.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing", "Pending"] },
  ),
  ImagePull: waiting(
    "An image cannot be pulled so far.",
    "Correct the image's name, the imagePullSecrets or the registry; the node tries again by itself.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"], retryable: true },
  ),
  PodStarting: underWay("Initializing", "The pod has a node; its images and volumes are being made ready.", {
    kinds: ["AgentRun", "AgentWorkspace"],
  }),
  Cloning: underWay("Initializing", "Git fetches the repository and checks it out.", {
    kinds: ["AgentRun", "AgentWorkspace"],
  }),
  Retrying: underWay("Initializing", "What has failed is done again; the message tells why it failed.", {
    kinds: ["AgentRun", "AgentWorkspace"],
  }),
  AgentRunning: underWay("Running", "The agent is at work."),
  ModelRetry: waiting(
    "The model does not answer, and the agent asks it again.",
    "Look at the provider: its status page, its limits, the URL in the AgentProvider. The run goes on by itself once the model answers.",
    { phases: ["Running"] },
  ),
  Completed: underWay("Succeeded", "The agent reported that it has done its task.", { terminal: true }),
  AgentMismatch: failed(
    "The provider is not meant for the agent of the run.",
    "Name another provider, or add the agent to the provider's agentTypes, and create the run again.",
  ),
  ModelRequired: failed(
    "The agent is never started without a model, and none is set anywhere.",
    "Set model in the run, its provider or the AgentConfig, and create the run again.",
  ),
  Unsupported: failed(
    "The run asks for a feature that its agent does not have; it is not run without it.",
    "Leave out the field that the message names, or name another agent, and create the run again.",
  ),
  TooLarge: failed(
    "What the run, its provider and the AgentConfig give the agent is together more than a node can start, or an API server store.",
    "Make what the message names smaller, or put it into a ConfigMap or the repository, and create the run again.",
  ),
  NameTaken: failed(
    "An object with the name of the run's Job or claim exists and is not the run's own; it is left alone.",
    "Delete that object, or create the run under another name.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  PodRefused: failed(
    "The API server finds the Job or claim invalid.",
    "Correct the field that the message names and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  CloneFailed: failed(
    "Git could not fetch or check out the repository.",
    "See git's own words in the message: the URL, branch or commit is wrong, credentials are missing, or the remote cannot be reached.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  BranchInUse: failed(
    "The run's branch is checked out by another run of the workspace, or in its main checkout.",
    "Create the run again with another worktree.branch, or when the run that the message names has ended.",
    { retryable: true },
  ),
  VolumeNotWritable: failed(
    "The containers' user cannot write to the volume.",
    "Use a storage class that applies fsGroup, or set podSecurityContext to the user that owns the volume.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  InvalidImage: failed(
    "The node finds an image's name invalid, or the image lacks what the agent needs.",
    "See the message; correct image, or defaultImage in the AgentConfig, and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  ImagePullFailed: failed(
    "An image could not be pulled for some minutes.",
    "Correct the image's name, the imagePullSecrets or the registry, and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  StartError: failed(
    "A container could not be started.",
    "See the message: the image lacks a shell or its user is refused.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  AgentFailed: failed(
    "The agent ended with an error.",
    "See its log: kubectl logs job/<run> -c agent. What it has done so far is kept.",
    { retryable: true },
  ),
  AgentError: failed(
    "The agent ended in order, but reported that it could not do its task.",
    "See what it said in status.result.text and in its log. What it has done so far is kept.",
    { retryable: true },
  ),
  AuthenticationFailed: failed(
    "The provider refused the token.",
    "Correct the Secret key that the message names and create the run again.",
  ),
  RateLimited: failed(
    "The model's endpoint refused further requests (429), also after the agent's own tries.",
    "Create the run again later, or raise the provider's limit. What the agent has done so far is kept.",
    { retryable: true },
  ),
  Overloaded: failed(
    "The model's endpoint was overloaded (529 or 503), also after the agent's own tries.",
    "Create the run again later. What the agent has done so far is kept.",
    { retryable: true },
  ),
  TurnLimit: failed(
    "The agent took as many turns as maxTurns allows and had not finished.",
    "Create the run again with a higher maxTurns or a smaller task. What it has done so far is kept.",
    { retryable: true },
  ),
  OutOfMemory: failed(
    "A container used more memory than its limit and was killed.",
    "Raise resources.limits.memory and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Evicted: failed(
    "The node removed the pod: it was short of something, drained, or gone.",
    "Create the run again, with requests that match what it uses.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Cancelled: failed(
    "The run was cancelled. What it has done so far is kept.",
    "Create the run again when it is wanted after all.",
  ),
  PodDeleted: failed("Someone deleted the pod before the agent had ended.", "Create the run again.", {
    retryable: true,
  }),
  JobDeleted: failed("Someone deleted the Job before the agent had ended.", "Create the run again.", {
    kinds: ["AgentRun", "AgentWorkspace"],
    retryable: true,
  }),
  DeadlineExceeded: failed(
    "The run took longer than its timeout and was stopped. What it has done so far is kept.",
    "Create the run again with a longer timeout or a smaller task.",
    { phases: ["TimedOut"], retryable: true },
  ),
  InUse: condition(
    ["AgentWorkspace"],
    "The workspace is being deleted, and waits for the runs that are at work in it.",
    "Wait, or delete the runs that the message names; what they leave uncommitted goes with the workspace.",
    { phases: ["Ready"] },
  ),
  WorktreeCleaning: condition(["AgentRun"], "The worktree is being removed from the workspace."),
  WorktreeCleaned: condition(["AgentRun"], "The worktree is removed; its branch is kept."),
  WorktreeKept: condition(
    ["AgentRun"],
    "The worktree holds work that no branch has, or could not be removed, and is kept.",
    "Take the work from the workspace, or annotate the run with agent.xonovex.com/cleanup=Force to remove it all the same.",
  ),
  RemoteNotAsked: condition(
    ["AgentRun"],
    "The remote did not answer, or no longer has the branch: the run started from a commit that the workspace has.",
    "See the event for the cause. Create the run again if it needs newer commits.",
  ),
  Stalled: failed(
    "The agent wrote nothing and did no work for the time of stallTimeout, and was stopped. What it has done so far is kept.",
    "See the end of its log for what it was waiting for; create the run again.",
    { phases: ["TimedOut"], retryable: true },
  ),
  Resolved: condition(["AgentRun"], "Everything that the run names exists, and its defaults are applied."),
  Initialized: condition(["AgentRun"], "The repository is checked out."),
  Ready: condition(["AgentWorkspace", "AgentProvider"], "It can be used."),
  Active: condition(["AgentConfig"], "The runs of the namespace use these defaults."),
  NotActive: condition(
    ["AgentConfig"],
    "Another AgentConfig of the namespace is used instead: the one named default, else the oldest.",
    "Move what you need into that one and delete this one.",
  ),
} as const satisfies Record<string, ReasonFacts>;

/** Every reason that the operator writes. */
export type Reason = keyof typeof REASONS;

/** The facts of a reason, whatever the table says of the others. */
export function reasonFacts(reason: Reason): ReasonFacts {
  return REASONS[reason];
}
