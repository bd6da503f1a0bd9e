import { dnsLabel, MAX_RUN_NAME } from "../rules/names.ts";
import { choice, flag, object, text } from "../schema/fields.ts";
import { nameOf } from "./common.ts";
import { command } from "./agent-input.ts";
import { additionalRepositories, branch, runRepository, worktree } from "./git.ts";

/** `continueFrom` of an AgentRun. */
export const continueFrom = object(
  {
    run: text({ description: "Name of the run.", maxLength: MAX_RUN_NAME, rules: [dnsLabel] }),
    session: choice(
      ["Keep", "Fresh"],
      "Keep: the agent continues the session of that run, if there is one. Fresh: it starts a new session. If the agent is not the agent of that run, Fresh is required. Default: Keep.",
    ).optional(),
  },
  {
    description:
      "A run of the same namespace whose work this run continues once that run has ended, successful or not: in its checkout, including uncommitted work. This run takes over its repositories or workspace with their credentials, worktree, agent and publish.branch. Only one run at a time works in a checkout; the next one waits as Queued. Excludes repository, additionalRepositories, workspaceRef and worktree.",
  },
);

export const keepSession = flag(
  "Whether the agent's session is stored with the work, so that a further attempt, or a run with continueFrom, can continue it. Default: true.",
);

const owner = (what: string) => ({
  run: text({ description: `Name of ${what}.`, maxLength: MAX_RUN_NAME }),
  uid: text({ description: "Its uid.", maxLength: 64 }),
});

/** `status.continued` of an AgentRun. */
export const continued = object(
  {
    ...owner("the run that is continued"),
    checkout: object(owner("the run"), {
      description: "The run that has made the checkout: the first of those that continue each other.",
    }),
    leftBy: text({
      description: "Name of the previous run whose agent was at work, which has left the session.",
      maxLength: MAX_RUN_NAME,
    }).optional(),
    sessionId: text({ description: "The agent's own name for that session.", maxLength: 253 }).optional(),
    agent: text({ description: "Its agent.", maxLength: 63 }),
    command: command.optional(),
    repository: runRepository.optional(),
    additionalRepositories: additionalRepositories.optional(),
    workspaceRef: nameOf("Name of its AgentWorkspace.").optional(),
    workspaceUid: text({ description: "The uid of that.", maxLength: 64 }).optional(),
    worktree: worktree.optional(),
    publishBranch: branch("The branch that it names in publish.branch.").optional(),
    published: object(
      {
        branch: text({ description: "Branch of the remote.", maxLength: 255 }),
        commit: text({ description: "Its commit.", maxLength: 64 }),
      },
      { description: "What it has pushed; a push of this run may replace it." },
    ).optional(),
  },
  { description: "What the run has taken over from the one that it continues." },
);
