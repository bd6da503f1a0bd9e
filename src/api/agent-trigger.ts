import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { type AgentRunSpec, runFieldRules, runFields } from "./agent-run.ts";
import { conditions, keyRef, observedGeneration, secretNamed, UNSEEN } from "./fields/common.ts";
import { continueFrom } from "./fields/continue-from.ts";
import { runRepository, worktree } from "./fields/git.ts";
import { publish, pullRequest } from "./fields/publish.ts";
import { runMetadata } from "./fields/run-template.ts";
import { triggerName } from "./rules/names.ts";
import { apiURL } from "./rules/publish.ts";
import { accountName, oneContinuation, projectName, triggerRules } from "./rules/trigger.ts";
import { notBlank } from "./rules/values.ts";
import { choice, flag, integer, list, object, text, timestamp, withFields } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";
import { DELIVERY_REASON_NAMES } from "./trigger-reasons.ts";

/** Where events come from. */
export const EVENT_SOURCES = ["GitHub", "GitLab", "Gitea", "Generic", "CloudEvents"] as const;

/** A CEL expression over `event` and `headers`. */
function expression(description: string) {
  return text({ description, minLength: 1, maxLength: 4096, rules: [notBlank] });
}

/** A name of git that an event may give: what it comes to is checked when the run is created. */
function ref(description: string) {
  return text({ description: `${description} May hold \${CEL}.`, minLength: 1, maxLength: 1024 });
}

const templateSpec = object(
  {
    ...runFields,
    repository: withFields(runRepository, {
      branch: ref("Branch to check out. Default: the remote's own.").optional(),
      commit: ref("Commit to check out, by its id; overrides branch.").optional(),
    }).optional(),
    worktree: withFields(worktree, {
      branch: ref("Branch of the worktree."),
      sourceBranch: ref("Branch that a new branch starts from.").optional(),
    }).optional(),
    continueFrom: object(
      {
        run: continueFrom.shape.run.optional(),
        pullRequest: flag(
          "true: the newest run of this trigger's namespace that has published the event's pull request and was started by this trigger; with anyRun, by anything.",
        ).optional(),
        anyRun: flag("Whether runs count that other things have started. Default: false.").optional(),
        session: continueFrom.shape.session,
      },
      {
        description: "The run whose work each run continues. Excludes repository, workspaceRef and worktree.",
        rules: [oneContinuation],
      },
    ).optional(),
    publish: withFields(publish, {
      branch: ref("Branch of the remote to push to. Default: worktree.branch, else agent/<run>.").optional(),
      pullRequest: withFields(pullRequest, {
        base: ref("Branch that the work is to be merged into.").optional(),
      }).optional(),
    }).optional(),
  },
  {
    description:
      "What each run does. prompt, branches, commit and values of env may hold ${CEL}, such as ${event.issue.title}; everything else is as it is written.",
    rules: runFieldRules,
  },
);

const webhook = object(
  {
    source: choice(
      EVENT_SOURCES,
      "What sends the events, and how it signs them. GitHub: X-Hub-Signature-256. GitLab: X-Gitlab-Token. Gitea, also Forgejo: X-Gitea-Signature. Generic: a JSON object, signed by HMAC-SHA256 in X-Signature-256. CloudEvents: in structured mode, signed the same way.",
    ),
    secretRef: keyRef("Secret", "Secret key that holds the secret which the sender signs with."),
  },
  { description: "Takes events by HTTP, at /hooks/<namespace>/<name> of the events component." },
);

const poll = object(
  {
    source: choice(["GitHub"], "What is asked for its events, with the token in credential."),
    intervalSeconds: integer({
      description:
        "Seconds from one question to the next; more if the forge asks for more, as GitHub does for 60. Default: 60.",
      minimum: 1,
      maximum: 86_400,
    }).optional(),
  },
  {
    description:
      "Asks the forge for the events of the repository, for a cluster that no forge can reach. Its events lack what webhooks have beyond them: checks, and on newer servers most fields of pull requests.",
  },
);

const actors = object(
  {
    permission: choice(
      ["Write", "Any"],
      "What the sender of an event needs: the permission to write to the repository (GitLab: Developer), which the forge is asked for, or nothing. Bots need to be named either way. Default: Write.",
    ).optional(),
    users: list(text({ description: "Name of an account.", maxLength: 64, rules: [accountName] }), {
      description: "Accounts that may start runs whatever their permission.",
      maxItems: 64,
      type: "set",
    }).optional(),
    bots: list(text({ description: "Name of an account.", maxLength: 64, rules: [accountName] }), {
      description: "Bots that may start runs, such as github-actions[bot].",
      maxItems: 64,
      type: "set",
    }).optional(),
    ownWork: flag(
      "Whether events may start runs that a run's own push, pull request, comment, commit status or check has caused. Default: false.",
    ).optional(),
  },
  { description: "Whose events start runs. Default: those who may write to the repository." },
);

const credential = object(
  {
    secretRef: keyRef(
      "Secret",
      "Secret key that holds a token of the forge's API. Only the events component reads it. Required without githubAppRef.",
    ).optional(),
    githubAppRef: secretNamed(
      "Secret with a GitHub App, as in repository.githubAppRef. Only the events component reads it. It gets tokens of the App for this one repository, which can read it and, if report asks for that, comment and make check runs. Excludes secretRef and apiURL.",
    ).optional(),
    apiURL: text({
      description:
        "URL of the forge's API. Default: by the URL of the template's repository, else that of github.com or gitlab.com.",
      maxLength: 1024,
      rules: [apiURL],
    }).optional(),
  },
  {
    description:
      "Credential for the forge: to ask for the permission of an event's sender, and to report runs.",
  },
);

const spec = object(
  {
    webhook: webhook.optional(),
    poll: poll.optional(),
    when: expression(
      "CEL expression over event and headers (names in lower case) that is true for the events that start a run, such as event.action == 'labeled'. A field that an event lacks makes it false. Default: every event does.",
    ).optional(),
    repository: text({
      description:
        "The repository on the forge whose events start runs, such as owner/name. Default: the repository of the template.",
      maxLength: 255,
      rules: [projectName],
    }).optional(),
    actors: actors.optional(),
    allowForks: flag(
      "Whether events start runs that are about a pull request from another repository. Default: false.",
    ).optional(),
    concurrency: object(
      {
        group: expression(
          "CEL expression that names the group of a run, such as string(event.issue.number).",
        ),
        policy: choice(
          ["Allow", "Forbid", "Replace", "Queue"],
          "What happens to a run if another run of its group has not ended. Allow: it starts. Forbid: it ends with GroupBusy. Replace: the other run is cancelled and keeps its work; the new run starts once that one has ended. Queue: it waits. Default: Allow.",
        ).optional(),
      },
      { description: "How many runs of the trigger work at a time." },
    ).optional(),
    limits: object(
      {
        perHour: integer({
          description:
            "Maximum number of runs of the trigger that start within an hour; others wait as Queued.",
          minimum: 1,
          maximum: 10_000,
        }).optional(),
      },
      { description: "How many runs the trigger starts." },
    ).optional(),
    credential: credential.optional(),
    report: object(
      {
        comment: flag(
          "Whether the issue or pull request gets a comment for each run, which follows the run and links its pull request. Default: false.",
        ).optional(),
        status: flag(
          "Whether the commit that the event is about, or the head of its pull request, gets a commit status, which follows the newest run of the trigger for it: pending, success or failure. With githubAppRef it is a check run, one for each run. Its name is agent-operator/<trigger>. Default: false.",
        ).optional(),
      },
      {
        description:
          "Where the forge shows how runs go. The token in credential needs to be allowed to comment, and to set commit statuses; an App, to write checks.",
      },
    ).optional(),
    runTemplate: object(
      { metadata: runMetadata.optional(), spec: templateSpec },
      {
        description:
          "The AgentRun that an event starts. Values of labels and annotations may hold ${CEL}. A change counts for later events.",
      },
    ),
  },
  { description: "Which events start runs, and which runs.", rules: triggerRules },
);

const delivery = object(
  {
    time: timestamp("When it came."),
    id: text({ description: "The sender's own name for it, if it gave one.", maxLength: 128 }).optional(),
    reason: choice(DELIVERY_REASON_NAMES, "What became of it. The reference lists all reasons."),
    message: text({ description: "The same for people.", maxLength: 1024 }).optional(),
    run: text({ description: "Name of the run that it has started.", maxLength: 63 }).optional(),
  },
  { description: "A delivery with a valid signature for which when was true." },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    path: text({ description: "Path at which deliveries are taken.", maxLength: 512 }).optional(),
    lastDeliveryTime: timestamp("When the last of these deliveries came.").optional(),
    lastRun: text({ description: "Name of the last run that was started.", maxLength: 63 }).optional(),
    deliveries: list(delivery, {
      description: "The last 20 deliveries with a valid signature for which when was true, the newest first.",
      maxItems: 20,
      type: "atomic",
    }).optional(),
    conditions: conditions("Ready and perhaps Stalled").optional(),
  },
  { description: "What the trigger has taken." },
);

const DESCRIPTION =
  "Starts an AgentRun for events of GitHub, GitLab, Gitea or whatever sends signed JSON. The events component serves it.";

const schema = object(
  { spec, status: status.default({ observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentTriggerSpec = z.input<typeof spec>;
export type AgentTriggerStatus = z.input<typeof status>;
export type TriggerDelivery = z.input<typeof delivery>;
export type EventSource = (typeof EVENT_SOURCES)[number];
/** As an AgentRun's, but for strings that hold expressions and for what it continues. */
export type RunTemplateSpec = Omit<AgentRunSpec, "continueFrom"> &
  Pick<z.input<typeof templateSpec>, "continueFrom">;
export interface AgentTrigger extends KubeObject {
  spec: AgentTriggerSpec;
  status?: AgentTriggerStatus;
}

export const agentTriggerKind: KindDefinition = {
  kind: "AgentTrigger",
  plural: "agenttriggers",
  singular: "agenttrigger",
  shortNames: ["atrig"],
  description: DESCRIPTION,
  schema,
  rules: [triggerName],
  columns: [
    {
      name: "Source",
      type: "string",
      // Of webhook or poll: there is exactly one, and nothing else of spec has a source.
      jsonPath: ".spec.*.source",
      description: "Where events come from",
    },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether deliveries are taken",
    },
    {
      name: "Last Delivery",
      type: "date",
      jsonPath: ".status.lastDeliveryTime",
      description: "Time since the last delivery for which when was true",
    },
    {
      name: "Last Run",
      type: "string",
      jsonPath: ".status.lastRun",
      description: "The last run that was started",
    },
    AGE_COLUMN,
    {
      name: "Outcome",
      type: "string",
      jsonPath: ".status.deliveries[0].reason",
      description: "What became of the last delivery",
      wide: true,
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it takes deliveries or not",
      wide: true,
    },
  ],
};
