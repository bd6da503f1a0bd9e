import { MAX_RESULT_DATA, MAX_RESULT_TEXT } from "../bounds.ts";
import { choice, flag, integer, list, object, text, timestamp } from "../schema/fields.ts";
import { conditions, observedGeneration } from "./common.ts";
import { continued } from "./continue-from.ts";

/** Phases of an AgentRun, in the order of its life. */
export const RUN_PHASES = ["Pending", "Initializing", "Running", "Succeeded", "Failed", "TimedOut"] as const;

const count = (description: string) => integer({ description, minimum: 0, format: "int64" });
const word = (description: string) => text({ description, maxLength: 253 });

const tokens = object(
  {
    input: count("Tokens sent, without those read from a cache.").optional(),
    output: count("Tokens received.").optional(),
    cacheRead: count("Tokens read from the provider's cache.").optional(),
    cacheWrite: count("Tokens written to the provider's cache.").optional(),
  },
  { description: "Tokens used, as the agent reports them." },
);

const gainedBranch = object(
  {
    name: text({ description: "Name of the branch.", maxLength: 255 }),
    commit: text({ description: "Its commit at the end.", maxLength: 64 }),
    commits: count("Its new commits that are not on the branch that is checked out."),
  },
  { description: "A branch that gained commits." },
);

const git = object(
  {
    branch: text({ description: "Branch that is checked out at the end.", maxLength: 255 }).optional(),
    baseCommit: text({ description: "Commit that the agent started from.", maxLength: 64 }).optional(),
    headCommit: text({ description: "Commit at the end.", maxLength: 64 }).optional(),
    commits: count("Commits that the agent made, on all branches.").optional(),
    branches: list(gainedBranch, {
      description: "Other branches that gained commits. Only the first ten.",
      maxItems: 10,
      type: "atomic",
    }).optional(),
    filesChanged: count("Files that differ from the base commit.").optional(),
    insertions: count("Lines added since the base commit.").optional(),
    deletions: count("Lines removed since the base commit.").optional(),
    uncommittedChanges: flag("Whether there is work that was not committed.").optional(),
    leftOut: list(
      text({ description: "Its path, quoted as git quotes it, cut at 100 bytes.", maxLength: 128 }),
      {
        description:
          "What is not in the patch: changed repositories inside the checkout, unreadable files, files of more than 100 MiB. Only the first ten.",
        maxItems: 10,
        type: "atomic",
      },
    ).optional(),
    leftOutCount: count("Number of things that are not in the patch.").optional(),
  },
  { description: "What changed in the checkout. A field that is absent is unknown." },
);

const changedRepository = object(
  {
    name: text({ description: "Name of the repository.", maxLength: 63 }),
    filesChanged: count("Files that differ from what was fetched.").optional(),
    insertions: count("Lines added.").optional(),
    deletions: count("Lines removed.").optional(),
    leftOutCount: count("Number of things that are not in its patch.").optional(),
  },
  { description: "An additional repository. Without numbers it is unknown what has changed." },
);

const costUSD = text({
  description: "Cost in US dollars as a decimal number, as the agent reports it.",
  maxLength: 32,
  pattern: "^[0-9]+([.][0-9]+)?$",
});

const usage = object(
  { tokens: tokens.optional(), costUSD: costUSD.optional() },
  { description: "What all attempts used together, as far as the agent reported it." },
);

const result = object(
  {
    sessionId: word("The agent's own name for the session.").optional(),
    turns: count("Turns that the agent took.").optional(),
    tokens: tokens.optional(),
    costUSD: costUSD.optional(),
    text: text({ description: "The agent's final words.", maxLength: MAX_RESULT_TEXT }).optional(),
    textTruncated: flag("Whether text was cut.").optional(),
    data: text({
      description: "What the agent gave as the result that resultSchema asks for, as JSON.",
      maxLength: MAX_RESULT_DATA,
    }).optional(),
    git: git.optional(),
    repositories: list(changedRepository, {
      description: "The additional repositories in which something has changed.",
      maxItems: 8,
      type: "atomic",
    }).optional(),
  },
  { description: "What the agent reported when it ended." },
);

const attempt = object(
  {
    number: integer({ description: "1 for the first.", minimum: 1 }),
    jobUid: word("The uid of its Job.").optional(),
    podName: word("Name of its pod.").optional(),
    reason: word("Why it failed, as one word; the reference lists them."),
    message: text({ description: "The same for people.", maxLength: 4096 }).optional(),
    startedAt: timestamp("When the agent started.").optional(),
    completionTime: timestamp("When it ended.").optional(),
    exitCode: integer({ description: "Exit code of the agent container." }).optional(),
    result: result.optional(),
  },
  { description: "An attempt that failed and was followed by another one." },
);

const verification = object(
  {
    commit: text({ description: "The commit that was verified.", maxLength: 64 }).optional(),
    verdict: choice(
      ["Passed", "AlreadyFailing", "Failed", "TimedOut", "NotRun"],
      "What it came to. AlreadyFailing: the command fails on the commit that the run started from too. NotRun: the command could not be run to its end.",
    ).optional(),
    exitCode: integer({ description: "Exit code of the command." }).optional(),
    baseExitCode: integer({
      description: "Its exit code on the commit that the run started from. Only with gate NoRegression.",
    }).optional(),
    duration: text({ description: "How long the command ran.", maxLength: 32 }).optional(),
    restarts: count(
      "How often it was begun again because somebody deleted its pod; at most three times.",
    ).optional(),
    output: text({
      description: "The end of the command's output, at most 8 KiB.",
      maxLength: MAX_RESULT_TEXT,
    }).optional(),
  },
  { description: "How the work was judged. Only with verify." },
);

const published = object(
  {
    branch: text({ description: "Branch of the remote.", maxLength: 255 }),
    commit: text({ description: "Its commit.", maxLength: 64 }),
    time: timestamp("When it was pushed."),
    pullRequest: object(
      {
        number: integer({ description: "Its number.", minimum: 1 }),
        url: text({ description: "Where people see it.", maxLength: 1024 }),
      },
      { description: "The pull request that was opened or updated. Only with publish.pullRequest." },
    ).optional(),
  },
  { description: "What was pushed. Only with publish." },
);

const dependency = object(
  {
    run: word("Name of the run."),
    uid: word("Its uid.").optional(),
    phase: choice(["Succeeded", "Failed", "TimedOut"], "How it ended."),
    reason: word("Why, as one word.").optional(),
    outcome: choice(["NoChanges", "Changed", "Committed"], "What its agent left behind.").optional(),
    branch: text({ description: "Its branch.", maxLength: 255 }).optional(),
    headCommit: text({ description: "Its commit at the end.", maxLength: 64 }).optional(),
    text: text({ description: "The agent's final words.", maxLength: 4096 }).optional(),
    completionTime: timestamp("When it ended.").optional(),
  },
  { description: "A run that this one depends on, as it was when it was first seen to have ended." },
);

/** `status` of an AgentRun. */
export const runStatus = object(
  {
    phase: choice(RUN_PHASES, "Phase of the run; Succeeded, Failed and TimedOut are final."),
    reason: word("Why it is in that phase, as one word; the reference lists them.").optional(),
    message: text({ description: "The same for people, and what to do next.", maxLength: 32768 }).optional(),
    observedGeneration: observedGeneration.optional(),
    agent: word("Agent of the run, with defaults applied.").optional(),
    provider: word("Provider of the run, with defaults applied.").optional(),
    model: text({ description: "Model of the run, with defaults applied.", maxLength: 1024 }).optional(),
    image: text({
      description: "Image of the agent container, with defaults applied.",
      maxLength: 512,
    }).optional(),
    timeout: text({ description: "Time limit of the run, with defaults applied.", maxLength: 32 }).optional(),
    branch: text({ description: "Branch that the agent works on.", maxLength: 255 }).optional(),
    jobName: word("Name of its Job.").optional(),
    podName: word("Name of its pod.").optional(),
    startTime: timestamp("When its Job was created.").optional(),
    startedAt: timestamp("When the agent started.").optional(),
    fetchedAt: timestamp(
      "When the remote of its workspace gave the commit that its branch starts from.",
    ).optional(),
    agentEndedAt: timestamp("When the agent succeeded. Only with verify or publish.").optional(),
    verification: verification.optional(),
    published: published.optional(),
    completionTime: timestamp("When the run ended.").optional(),
    duration: text({
      description: "Time from the creation of its Job to its end, such as 4m12s.",
      maxLength: 32,
    }).optional(),
    exitCode: integer({ description: "Exit code of the agent container." }).optional(),
    outcome: choice(
      ["NoChanges", "Changed", "Committed"],
      "What the agent left behind: nothing, uncommitted changes, or commits.",
    ).optional(),
    result: result.optional(),
    usage: usage.optional(),
    attempts: list(attempt, {
      description:
        "Attempts before the last one, oldest first, at most the newest 32. The result is the last one's.",
      maxItems: 32,
      type: "atomic",
    }).optional(),
    continued: continued.optional(),
    dependencies: list(dependency, {
      description: "The runs in dependsOn that have ended. They may have been deleted since.",
      maxItems: 16,
      type: "atomic",
    }).optional(),
    conditions: conditions(
      "Resolved, Initialized, Succeeded, Finished, and perhaps Reconciling, Stalled and, with verify and publish, Verified and Published and, with worktree.cleanup, WorktreeRemoved",
    ).optional(),
  },
  { description: "What the operator has seen of the run." },
);
