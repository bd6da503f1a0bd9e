import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { conditions, keyRef, observedGeneration, UNSEEN } from "./fields/common.ts";
import { notifierName } from "./rules/names.ts";
import { sinkRules, sinkURL, valuesOfOperator } from "./rules/notifier.ts";
import { labelKey, labelKeys, labelValue } from "./rules/pod.ts";
import { choice, integer, list, map, object, text, timestamp } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

/** What happens to a run and is reported. */
export const RUN_EVENTS = ["Started", "Succeeded", "Failed", "TimedOut"] as const;
export type RunEvent = (typeof RUN_EVENTS)[number];

const runSelector = object(
  {
    matchLabels: map(text({ description: "Value of the label.", maxLength: 63, rules: [labelValue] }), {
      description: "Labels that the run has.",
      maxProperties: 16,
      rules: [labelKeys],
    }).optional(),
    matchExpressions: list(
      object(
        {
          key: text({ description: "Name of the label.", minLength: 1, maxLength: 317, rules: [labelKey] }),
          operator: choice(["In", "NotIn", "Exists", "DoesNotExist"], "How the value compares."),
          values: list(text({ description: "A value.", maxLength: 63, rules: [labelValue] }), {
            description: "Values to compare with. Only with In and NotIn.",
            maxItems: 16,
            type: "atomic",
          }).optional(),
        },
        { description: "A condition on a label.", rules: [valuesOfOperator] },
      ),
      { description: "Conditions on the run's labels, all of which hold.", maxItems: 16, type: "atomic" },
    ).optional(),
  },
  {
    description:
      "Labels of the runs that are reported, such as agent.xonovex.com/schedule: nightly. Default: all runs of the namespace.",
    mapType: "atomic",
  },
);

const sink = object(
  {
    format: choice(
      ["CloudEvents", "Slack"],
      "What the sink gets. CloudEvents: a CloudEvent in structured mode. Slack: a message as incoming webhooks of Slack, and of what is compatible with it, take them.",
    ),
    url: text({
      description: "Where each event is sent, by POST. Required for CloudEvents.",
      maxLength: 1024,
      rules: [sinkURL],
    }).optional(),
    secretRef: keyRef(
      "Secret",
      "For CloudEvents: Secret key that holds the secret which events are signed with, by HMAC-SHA256 in X-Signature-256; without it they are not signed. For Slack: Secret key that holds the URL. Only the events component reads it.",
    ).optional(),
  },
  { description: "Where the reports go.", rules: sinkRules },
);

const spec = object(
  {
    runSelector: runSelector.optional(),
    events: list(
      choice(
        RUN_EVENTS,
        "Started: the run's first Job is created. Succeeded, Failed and TimedOut: the run has ended so, verify and publish included.",
      ),
      {
        description: "What is reported of each run. Default: Succeeded, Failed and TimedOut.",
        minItems: 1,
        maxItems: RUN_EVENTS.length,
        type: "set",
      },
    ).optional(),
    sink,
  },
  { description: "Which runs are reported, and to whom." },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    pending: integer({ description: "Events that the sink has not taken yet.", minimum: 0 }).optional(),
    lastNotificationTime: timestamp("When the sink last took an event.").optional(),
    lastRun: text({ description: "Name of the run that it was about.", maxLength: 63 }).optional(),
    lastEvent: choice(RUN_EVENTS, "What it said of that run.").optional(),
    conditions: conditions("Ready and perhaps Stalled").optional(),
  },
  { description: "What the sink has received." },
);

const DESCRIPTION =
  "Reports to an HTTP endpoint or a chat what becomes of AgentRuns of its namespace. The events component serves it.";

const schema = object(
  { spec, status: status.default({ observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentNotifierSpec = z.input<typeof spec>;
export type AgentNotifierStatus = z.input<typeof status>;
export interface AgentNotifier extends KubeObject {
  spec: AgentNotifierSpec;
  status?: AgentNotifierStatus;
}

export const agentNotifierKind: KindDefinition = {
  kind: "AgentNotifier",
  plural: "agentnotifiers",
  singular: "agentnotifier",
  shortNames: ["anotif"],
  description: DESCRIPTION,
  schema,
  rules: [notifierName],
  columns: [
    { name: "Format", type: "string", jsonPath: ".spec.sink.format", description: "What the sink gets" },
    {
      name: "Ready",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: "Whether the sink takes events",
    },
    {
      name: "Pending",
      type: "integer",
      jsonPath: ".status.pending",
      description: "Events that it has not taken yet",
    },
    {
      name: "Last Notification",
      type: "date",
      jsonPath: ".status.lastNotificationTime",
      description: "Time since it last took one",
    },
    {
      name: "Last Run",
      type: "string",
      jsonPath: ".status.lastRun",
      description: "The run that it was about",
    },
    AGE_COLUMN,
    {
      name: "Event",
      type: "string",
      jsonPath: ".status.lastEvent",
      description: "What it said of that run",
      wide: true,
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why the sink takes events or not",
      wide: true,
    },
  ],
};
