import { type ScriptVariable, variable } from "./script-variable.ts";

/** The part of the contract that is about the containers that publish. */
export const PUBLISH_VARIABLES = {
  AGENT_HANDOVER: variable(
    ["pack", "push"],
    ["git-pack.sh", "git-push.sh"],
    "The directory in which one container hands the run's commits over to the next.",
  ),
  AGENT_CHECKOUT: variable(
    ["snapshot"],
    ["verify-checkout.sh"],
    "The directory that a commit of the run is checked out in.",
  ),
  AGENT_VERIFY_BASE: variable(
    ["snapshot"],
    ["verify-checkout.sh"],
    "`true`: that is the commit that the run started from.",
  ),
  AGENT_PUBLISH_COMMIT: variable(
    ["pack"],
    ["git-pack.sh"],
    "The commit that was verified, and that alone may be published.",
  ),
  AGENT_PUBLISH_WHEN: variable(
    ["snapshot", "pack"],
    ["git-snapshot.sh"],
    "`Changed`: a commit of what is not committed is published too.",
  ),
  AGENT_COMMIT_MESSAGE: variable(["snapshot", "pack"], ["git-snapshot.sh"], "The message of that commit."),
  AGENT_COMMIT_NAME: variable(["snapshot", "pack"], ["git-snapshot.sh"], "The name of its author."),
  AGENT_COMMIT_EMAIL: variable(
    ["snapshot", "pack"],
    ["git-snapshot.sh"],
    "The e-mail address of its author.",
  ),
  AGENT_COMMIT_TIME: variable(["snapshot", "pack"], ["git-snapshot.sh"], "Its time, in seconds since 1970."),
  AGENT_PUBLISH_BRANCH: variable(["push"], ["git-push.sh"], "The branch of the remote to push to."),
  AGENT_PUBLISH_BASE: variable(
    ["push"],
    ["git-push.sh"],
    "The branch that the work is for. Not set: the remote's own.",
  ),
  AGENT_PUBLISH_NAMED: variable(
    ["push"],
    ["git-push.sh"],
    "`true`: the user has named the branch to push to, so that it can be the one that the work is for.",
  ),
  AGENT_PUBLISHED: variable(
    ["push"],
    ["git-push.sh"],
    "Commits that this operator has published on that branch for the same work, separated by spaces: a push may replace them.",
  ),
  AGENT_PUSHED: variable(
    ["push", "pull-request"],
    ["git-push.sh"],
    "The directory in which `push` leaves what it has pushed. Not set: no pull request is wanted.",
  ),
  AGENT_PULL_REQUEST: variable(
    ["pull-request"],
    [],
    "The pull request and its forge, as JSON. It and what follows are read by the program of the operator's image.",
  ),
  AGENT_FORGE_TOKEN: variable(["pull-request"], [], "The file with the token of the forge."),
  AGENT_APP_TOKEN: variable(
    ["token"],
    [],
    "The repository and the rights that a token of a GitHub App is for, as JSON. It and what follows are read by the program of the operator's image.",
  ),
  AGENT_GITHUB_APP: variable(["token"], [], "The directory with the App's ID, installation and private key."),
  AGENT_GITHUB_APP_URL: variable(
    ["token"],
    [],
    "URL of the API of a GitHub of your own, from the App's Secret.",
  ),
  AGENT_PROTECTED_PATHS: variable(
    ["push"],
    ["git-push.sh", "protected-paths.pl"],
    "What no commit may change, one path or pattern a line.",
  ),
} as const satisfies Readonly<Record<string, ScriptVariable>>;
