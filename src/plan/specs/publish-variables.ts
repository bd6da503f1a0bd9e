import { type ScriptVariable, variable } from "./script-variable.ts";

/** The part of the contract that is about the containers that publish. */
export const PUBLISH_VARIABLES = {
  AGENT_HANDOVER: variable(
    ["pack", "push"],
    ["git-pack.sh", "git-push.sh"],
    "The directory in which one container hands the run's commits over to the next.",
  ),
  AGENT_PUBLISH_WHEN: variable(
    ["pack"],
    ["git-pack.sh"],
    "`Changed`: a commit of what is not committed is published too.",
  ),
  AGENT_COMMIT_MESSAGE: variable(["pack"], ["git-pack.sh"], "The message of that commit."),
  AGENT_COMMIT_NAME: variable(["pack"], ["git-pack.sh"], "The name of its author."),
  AGENT_COMMIT_EMAIL: variable(["pack"], ["git-pack.sh"], "The e-mail address of its author."),
  AGENT_COMMIT_TIME: variable(["pack"], ["git-pack.sh"], "Its time, in seconds since 1970."),
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
  AGENT_PROTECTED_PATHS: variable(
    ["push"],
    ["git-push.sh", "protected-paths.pl"],
    "What no commit may change, one path or pattern a line.",
  ),
} as const satisfies Readonly<Record<string, ScriptVariable>>;
