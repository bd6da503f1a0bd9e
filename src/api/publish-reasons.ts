import { condition, failed, type ReasonFacts, underWay } from "./reason-facts.ts";

/** The part of the table of reasons that is about publishing a run's work. */
export const PUBLISH_REASONS = {
  Verifying: underWay(
    "Running",
    "The agent has succeeded, and its work is being verified. If something holds that up, the message says what.",
  ),
  VerificationFailed: failed(
    "The command of verify failed on the work. Nothing was published.",
    "See status.verification.output, or kubectl logs job/<run>-verify. The work is kept: agent-operator artifacts fetches it.",
  ),
  VerificationTimedOut: failed(
    "The command of verify did not end in time, which is not a pass. Nothing was published.",
    "Raise verify.timeout, or see in kubectl logs job/<run>-verify what the command waits for, and create the run again.",
    { retryable: true },
  ),
  VerificationNotRun: failed(
    "The command of verify could not be run to its end, which is not a pass. Nothing was published.",
    "See the message. The work is kept: agent-operator artifacts fetches it.",
    { retryable: true },
  ),
  VerificationPassed: condition(["AgentRun"], "The command of verify passed on the work."),
  AlreadyFailing: condition(
    ["AgentRun"],
    "The command of verify fails on the work, and on the commit that the run started from too.",
    "Mend the command's failure on the branch first, if the work is to be judged.",
  ),
  Publishing: underWay(
    "Running",
    "The agent has succeeded, and its work is being pushed. If something holds that up, the message says what.",
  ),
  PushDenied: failed(
    "The remote does not accept the credential, or does not let it push.",
    "Put a valid credential with the right to push into the Secret that publish names, and create the run again. The work is kept: agent-operator artifacts fetches it.",
  ),
  PublishRefused: failed(
    "The remote refused the push: a protected branch, a hook, a rule of the forge.",
    "See the remote's own words in the message. The work is kept: agent-operator artifacts fetches it.",
  ),
  ProtectedPath: failed(
    "The work changes a path that publish.protectedPaths protects. Nothing was pushed.",
    "Look at the work with agent-operator artifacts, and push it yourself if it is right; or set protectedPaths.",
  ),
  BranchMoved: failed(
    "The branch of the remote has commits that are not in the work. Nothing was overwritten.",
    "Name another branch in publish.branch, or delete the branch of the remote, and create the run again.",
  ),
  RepositoryArchived: failed(
    "The repository is archived, so nothing can be pushed to it and no pull request opened.",
    "Take it out of the archive, and create the run again. The work is kept: agent-operator artifacts fetches it.",
  ),
  ForgeUnknown: failed(
    "The operator does not know which forge the workspace's repository is on, or where its API is; or a GitHub App is named for a repository that is not on GitHub.",
    "Set publish.pullRequest.forge, perhaps apiURL, and for an ssh URL tokenSecretRef, and create the run again.",
  ),
  ForgeTokenInvalid: failed(
    "The forge does not accept the token: it is wrong, has expired or was revoked. The work is pushed.",
    "Put a valid token into the Secret that publish.pullRequest.tokenSecretRef or publish names, and create the run again, or open the pull request yourself.",
  ),
  PullRequestDenied: failed(
    "The token does not have the right to open a pull request. The work is pushed.",
    "Give the token that right (GitHub: Pull requests: write; GitLab: scope api; Gitea: write:repository and write:issue), and create the run again, or open the pull request yourself.",
  ),
  ForgeNotFound: failed(
    "The forge's API does not know the repository, or does not show it to the token. The work is pushed.",
    "Look at the repository's URL, publish.pullRequest.apiURL and which repositories the token is for, and create the run again, or open the pull request yourself.",
  ),
  ForgeRateLimited: failed(
    "The forge takes no more requests of the token for longer than the operator waits. The work is pushed.",
    "Create the run again later, or open the pull request yourself.",
    { retryable: true },
  ),
  PullRequestRefused: failed(
    "The forge does not accept the pull request as it is. The work is pushed.",
    "See the forge's own words in the message; the base branch, for example, has to exist. Correct publish.pullRequest in a new run, or open the pull request yourself.",
  ),
  PullRequestFailed: failed(
    "The forge could not be reached, or failed. The work is pushed.",
    "See the message. Create the run again, or open the pull request yourself.",
    { retryable: true },
  ),
  PublishFailed: failed(
    "The work could not be pushed.",
    "See the message. The work is kept: agent-operator artifacts fetches it.",
    { retryable: true },
  ),
  GitHubAppInvalid: failed(
    "GitHub does not accept the GitHub App that githubAppRef names, or its Secret does not hold one of the repository's host.",
    "Correct the Secret: githubAppID, githubAppInstallationID, githubAppPrivateKey, and githubAppBaseURL for your own GitHub server. A workspace continues by itself; create a run again.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  GitHubAppRefused: failed(
    "GitHub does not give the App a token for the repository: it is not installed there, is suspended, or lacks a permission.",
    "See GitHub's own words in the message. Install the App on the repository with the permissions that the guide names, and create the run again.",
    { kinds: ["AgentRun", "AgentWorkspace"] },
  ),
  GitHubTokenFailed: failed(
    "GitHub could not be asked for a token of the App, or takes no more requests of it.",
    "See the message. Create the run again later.",
    { kinds: ["AgentRun", "AgentWorkspace"], retryable: true },
  ),
  Published: condition(
    ["AgentRun"],
    "The work is pushed to the branch that status.published names, and its pull request is open if one was asked for.",
  ),
  NothingToPublish: condition(
    ["AgentRun"],
    "The agent has left no commit on the branch that is checked out, so nothing was pushed.",
    "Set publish.when to Changed to publish what is not committed too.",
  ),
} as const satisfies Record<string, ReasonFacts>;

/** Why the remote, or what is pushed to it, is refused. */
export const PUSH_REFUSALS = [
  "PushDenied",
  "PublishRefused",
  "ProtectedPath",
  "BranchMoved",
  "RepositoryArchived",
] as const satisfies (keyof typeof PUBLISH_REASONS)[];

/** Why a forge's API does not do what it is asked for. */
export const FORGE_REFUSALS = [
  "RepositoryArchived",
  "ForgeTokenInvalid",
  "PullRequestDenied",
  "ForgeNotFound",
  "ForgeRateLimited",
  "PullRequestRefused",
  "PullRequestFailed",
] as const satisfies (keyof typeof PUBLISH_REASONS)[];

/** Why there is no token of a GitHub App. */
export const TOKEN_REFUSALS = [
  "GitHubAppInvalid",
  "GitHubAppRefused",
  "GitHubTokenFailed",
] as const satisfies (keyof typeof PUBLISH_REASONS)[];
