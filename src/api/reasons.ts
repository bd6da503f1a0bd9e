import { NOTIFIER_REASONS } from "./notifier-reasons.ts";
import { POD_REASONS } from "./pod-reasons.ts";
import { PUBLISH_REASONS } from "./publish-reasons.ts";
import { TRIGGER_REASONS } from "./trigger-reasons.ts";
import { condition, failed, type ReasonFacts, underWay, waiting } from "./reason-facts.ts";

/** The one table of reasons: the words of `status.reason` and of every condition come from it. */
export const REASONS = {
  ProviderNotFound: waiting(
    "The AgentProvider that the run names does not exist.",
    "Create the AgentProvider, or correct providerRef. Then the run starts by itself.",
  ),
  ProviderRequired: waiting(
    "The run has no provider, and its agent needs one.",
    "Set defaultProviders in the AgentConfig, or create the run again with providerRef or provider.",
  ),
  SecretNotFound: waiting(
    "A Secret that the object names does not exist.",
    "Create the Secret with the key that the message names. The object continues by itself.",
    {
      kinds: ["AgentRun", "AgentWorkspace", "AgentProvider", "AgentTrigger", "AgentNotifier"],
      phases: ["Pending", "Initializing"],
    },
  ),
  KeyNotFound: waiting(
    "A Secret or ConfigMap exists, but does not have the key that the object names.",
    "Add the key that the message names, or correct the reference. The object continues by itself.",
    {
      kinds: ["AgentRun", "AgentWorkspace", "AgentProvider", "AgentTrigger", "AgentNotifier"],
      phases: ["Pending", "Initializing"],
    },
  ),
  ConfigMapNotFound: waiting(
    "A ConfigMap that the object names does not exist.",
    "Create the ConfigMap with the key that the message names. The object continues by itself.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Pending", "Initializing"] },
  ),
  WorkspaceNotFound: waiting(
    "The AgentWorkspace that the run names does not exist.",
    "Create the AgentWorkspace. The run starts once it is Ready.",
  ),
  WorkspaceNotReady: waiting(
    "The AgentWorkspace that the run names is not Ready.",
    "Wait, or see why with kubectl describe agentworkspace. The run starts once it is Ready.",
  ),
  WaitingForDependency: waiting(
    "A run that the run depends on has not ended, or does not exist yet.",
    "Wait, or see the runs that the message names. The run starts once all of them have ended.",
  ),
  Forbidden: waiting(
    "The API server does not let the operator create a Job or claim: a quota is used up, or a permission is missing.",
    "Free some of the quota, or grant the permission that the message names. The operator tries again.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentProvider", "AgentSchedule"], retryable: true },
  ),
  WaitingForDeletion: waiting(
    "A Job or claim of an earlier object with the same name is still being removed.",
    "Wait. If it lasts, see which finalizer holds the object that the message names.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentSchedule"] },
  ),
  CreationFailed: waiting(
    "The API server or an admission webhook fails, so nothing can be created.",
    "See the message, which holds the last answer. The operator tries again.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentSchedule"], retryable: true },
  ),
  Queued: waiting(
    "The run waits for its turn: as many runs as maxRunning allows are at work, another run has its branch or is of its group, or its trigger has started as many runs in this hour as it may. Or its Job is suspended by a queue, an admission webhook or a user.",
    "Wait: see in the message which limit holds it and its place, or who suspended the Job. Raise maxRunning if more runs should work at a time.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Pending", "Initializing"] },
  ),
  JobCreated: underWay("Initializing", "The Job exists. Its pod is being created."),
  PodNotCreated: waiting(
    "The Job's pod cannot be created because of a quota, an admission rule or a missing service account.",
    "See the message, which is the Job's newest Warning event. The Job tries again until the timeout.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"] },
  ),
  Unschedulable: waiting(
    "No node fits the pod.",
    "See in the message what fits no node: resources, nodeSelector, tolerations or the claim's zone.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"] },
  ),
  ClaimPending: waiting(
    "The claim is not bound to a volume yet.",
    "See the message. The storage class may not exist, or may not offer the access mode or size.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing", "Pending"] },
  ),
  ImagePull: waiting(
    "The node cannot pull an image and tries again.",
    "Correct the image's name, the imagePullSecrets or the registry. The node tries again.",
    { kinds: ["AgentRun", "AgentWorkspace"], phases: ["Initializing"], retryable: true },
  ),
  PodStarting: underWay("Initializing", "The pod has a node, which prepares its images and volumes.", {
    kinds: ["AgentRun", "AgentWorkspace"],
  }),
  Cloning: underWay("Initializing", "Git fetches the repository and checks it out.", {
    kinds: ["AgentRun", "AgentWorkspace"],
  }),
  Retrying: underWay(
    "Initializing",
    "The operator tries again after a failure. The message says why it failed.",
    {
      kinds: ["AgentRun", "AgentWorkspace"],
    },
  ),
  AgentRunning: underWay("Running", "The agent is at work."),
  ModelRetry: waiting(
    "The model does not answer, and the agent asks it again.",
    "Look at the provider: its status page, its limits, the URL in the AgentProvider. The run continues once the model answers.",
    { phases: ["Running"] },
  ),
  Completed: underWay("Succeeded", "The agent reported that it finished its task.", { terminal: true }),
  AgentMismatch: failed(
    "The provider does not support the agent of the run.",
    "Name another provider, or add the agent to the provider's agentTypes, and create the run again.",
  ),
  ModelRequired: failed(
    "The agent needs a model, and no model is set.",
    "Set model in the run, its provider or the AgentConfig, and create the run again.",
  ),
  Unsupported: failed(
    "The run asks for a feature that its agent does not have.",
    "Leave out the field that the message names, or name another agent, and create the run again.",
  ),
  TooLarge: failed(
    "The run, its provider and the AgentConfig together hold more than a node can start or an API server can store.",
    "Make what the message names smaller, or put it into a ConfigMap or the repository, and create the run again.",
  ),
  DependencyFailed: failed(
    "A run that the run depends on has not succeeded.",
    "See why that run has failed. Create both again, or this one with when Finished.",
  ),
  DependencyCycle: failed(
    "The run depends on itself, by way of other runs.",
    "Leave one of the dependencies out and create the runs again.",
  ),
  SourceGone: failed(
    "The run that the run continues is deleted, or its claim is, and the work with it.",
    "Create the run again with repository or workspaceRef in place of continueFrom.",
  ),
  NameTaken: failed(
    "An object with the name of the Job or claim exists and belongs to something else. The operator leaves it alone.",
    "Delete that object, or create the run under another name.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentSchedule", "AgentNotifier"] },
  ),
  PodRefused: failed(
    "The API server says that the Job or claim is invalid.",
    "Correct the field that the message names and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace", "AgentSchedule"] },
  ),
  CloneFailed: failed(
    "Git could not fetch or check out the repository.",
    "See git's error in the message: the URL, branch or commit is wrong, credentials are missing, or the remote is unreachable.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  BranchInUse: failed(
    "Another run of the workspace, or its main checkout, uses the run's branch.",
    "Create the run again with another worktree.branch, after the run that the message names has ended, or with worktree.onBusy Queue.",
    { retryable: true },
  ),
  VolumeNotWritable: failed(
    "The containers' user cannot write to the volume.",
    "Use a storage class that applies fsGroup, or set podSecurityContext to the user that owns the volume.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  InvalidImage: failed(
    "The image's name is invalid, or the image lacks something that the agent needs.",
    "See the message. Correct image, or defaultImage in the AgentConfig, and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  ImagePullFailed: failed(
    "The node could not pull an image for some minutes.",
    "Correct the image's name, the imagePullSecrets or the registry, and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  StartError: failed(
    "The node could not start a container.",
    "See the message. The image may lack a shell, or the node may refuse its user.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  AgentFailed: failed(
    "The agent ended with an error.",
    "See its log: kubectl logs job/<run> -c agent. What it has done so far is kept.",
    { retryable: true },
  ),
  AgentError: failed(
    "The agent ended without an error, but reported that it could not do its task.",
    "See status.result.text and its log. What it has done so far is kept.",
    { retryable: true },
  ),
  AuthenticationFailed: failed(
    "The provider refused the token.",
    "Correct the Secret key that the message names and create the run again.",
  ),
  RateLimited: failed(
    "The model's endpoint refused further requests (429), even after the agent's own retries.",
    "Create the run again later, or raise the provider's limit. What the agent has done so far is kept.",
    { retryable: true },
  ),
  Overloaded: failed(
    "The model's endpoint was overloaded (529 or 503), even after the agent's own retries.",
    "Create the run again later. What the agent has done so far is kept.",
    { retryable: true },
  ),
  TurnLimit: failed(
    "The agent used all turns that maxTurns allows and had not finished.",
    "Create the run again with a higher maxTurns or a smaller task. What it has done so far is kept.",
    { retryable: true },
  ),
  OutOfMemory: failed(
    "A container used more memory than its limit and was killed.",
    "Raise resources.limits.memory and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Evicted: failed(
    "Kubernetes removed the pod: its node was short of a resource, drained, or gone.",
    "Create the run again, with requests that match its use.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Cancelled: failed(
    "The run was cancelled. What it has done so far is kept.",
    "Create the run again if you still need it.",
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
    "The deletion of the workspace waits for the runs that are at work in it.",
    "Wait, or delete the runs that the message names. Work that is not pushed is lost with the workspace.",
    { phases: ["Ready"] },
  ),
  Preempted: condition(
    ["AgentRun"],
    "The run's queue has given its place to others while its agent was at work. The attempt is in status.attempts; retry does not count it.",
    "Wait: the run continues its work and its session when its queue admits it again.",
  ),
  WorktreeCleaning: condition(["AgentRun"], "A Job removes the worktree from the workspace."),
  WorktreeCleaned: condition(["AgentRun"], "The worktree is removed. Its branch is kept."),
  WorktreeKept: condition(
    ["AgentRun"],
    "The worktree is kept: it holds work that no branch has, or it could not be removed.",
    "Take the work from the workspace, or annotate the run with agent.xonovex.com/cleanup=Force to remove it anyway.",
  ),
  RemoteNotAsked: condition(
    ["AgentRun"],
    "The remote did not answer, or no longer has the branch. The run started from a commit that the workspace has.",
    "See the event for the cause. Create the run again if it needs newer commits.",
  ),
  Stalled: failed(
    "The agent wrote nothing and did no work for stallTimeout, and was stopped. What it has done so far is kept.",
    "See at the end of its log what it was waiting for. Create the run again.",
    { phases: ["TimedOut"], retryable: true },
  ),
  Resolved: condition(["AgentRun"], "All references of the run exist, and its defaults are applied."),
  Initialized: condition(["AgentRun"], "The repository is checked out."),
  Ready: condition(["AgentWorkspace", "AgentProvider"], "The object is ready to use."),
  Scheduling: condition(["AgentSchedule"], "Runs start at the times of the schedule."),
  RunActive: condition(
    ["AgentSchedule"],
    "A run is due, and an earlier one of the schedule has not ended (concurrencyPolicy Forbid).",
    "Wait: it starts when the earlier one has ended, unless startingDeadlineSeconds is over by then. Or cancel that one.",
  ),
  MissedSchedule: condition(
    ["AgentSchedule"],
    "A time is missed: the operator was not at work, or an earlier run was, for longer than startingDeadlineSeconds.",
    "Raise startingDeadlineSeconds, or start the run yourself: agent-operator start schedule/<name>.",
  ),
  Suspended: condition(
    ["AgentSchedule"],
    "The schedule starts no runs while suspend is true.",
    "Set suspend to false.",
  ),
  InvalidSchedule: condition(
    ["AgentSchedule"],
    "The cron expression means no time.",
    "Correct schedule; the message says what is wrong.",
  ),
  UnknownTimeZone: condition(
    ["AgentSchedule"],
    "The operator does not know the time zone.",
    "Correct timeZone. Names are those of the tz database, such as Europe/Berlin.",
  ),
  GroupBusy: failed(
    "Another run of the same group had not ended, and the trigger's concurrency.policy is Forbid.",
    "Send the event again once that run has ended, or set concurrency.policy to Queue.",
  ),
  Active: condition(["AgentConfig"], "The runs of the namespace use these defaults."),
  NotActive: condition(
    ["AgentConfig"],
    "The namespace uses another AgentConfig: the one named default, else the oldest.",
    "Move the fields that you need into that one and delete this one.",
  ),
  ...POD_REASONS,
  ...PUBLISH_REASONS,
  ...TRIGGER_REASONS,
  ...NOTIFIER_REASONS,
} as const satisfies Record<string, ReasonFacts>;

/** Every reason that the operator writes. */
export type Reason = keyof typeof REASONS;

/** The facts of a reason, whatever the table says of the others. */
export function reasonFacts(reason: Reason): ReasonFacts {
  return REASONS[reason];
}
