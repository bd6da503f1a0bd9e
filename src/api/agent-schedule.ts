import type { z } from "zod";
import type { KubeObject } from "../kube/objects.ts";
import { runTemplateSpec } from "./agent-run.ts";
import { conditions, observedGeneration, UNSEEN } from "./fields/common.ts";
import { runMetadata } from "./fields/run-template.ts";
import { scheduleName } from "./rules/names.ts";
import { cronExpression, timeZoneName } from "./rules/schedule.ts";
import { choice, flag, integer, list, object, text, timestamp } from "./schema/fields.ts";
import { AGE_COLUMN, type KindDefinition } from "./schema/kind.ts";

const runTemplate = object(
  {
    metadata: runMetadata.optional(),
    spec: runTemplateSpec,
  },
  { description: "The AgentRun that starts at each time. A change counts for later runs." },
);

const limit = (which: string, kept: number) =>
  integer({
    description: `Maximum number of ${which} runs that are kept; older ones are deleted with their work. Default: ${kept}.`,
    minimum: 0,
    maximum: 10_000,
  });

const spec = object(
  {
    schedule: text({
      description:
        "When runs start, as a cron expression: minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly.",
      minLength: 1,
      maxLength: 256,
      rules: [cronExpression],
    }),
    timeZone: text({
      description: "Time zone of schedule, such as Europe/Berlin. Default: UTC.",
      minLength: 1,
      maxLength: 64,
      rules: [timeZoneName],
    }).optional(),
    concurrencyPolicy: choice(
      ["Allow", "Forbid", "Replace"],
      "What happens at a time if an earlier run of the schedule has not ended. Allow: another run starts. Forbid: the new run starts once the earlier one has ended. Replace: the earlier run is cancelled and keeps its work; the new run starts once that one has ended. Default: Allow.",
    ).optional(),
    suspend: flag("Whether no further runs start. Runs at work go on. Default: false.").optional(),
    startingDeadlineSeconds: integer({
      description:
        "How many seconds late a run may start, after a time at which the operator was not at work or an earlier run was. Default: as late as you like; only the newest time that was missed is made up for.",
      minimum: 0,
      maximum: 315_360_000,
    }).optional(),
    successfulRunsHistoryLimit: limit("succeeded", 3).optional(),
    failedRunsHistoryLimit: limit("failed", 1).optional(),
    runTemplate,
  },
  { description: "When runs start, and which." },
);

const active = object(
  {
    name: text({ description: "Name of the run.", maxLength: 63 }),
    uid: text({ description: "Its uid.", maxLength: 64 }).optional(),
  },
  { description: "A run of this schedule that has not ended." },
);

const status = object(
  {
    observedGeneration: observedGeneration.optional(),
    active: list(active, {
      description: "Runs that the schedule has started and that have not ended. Only the first 100.",
      maxItems: 100,
      type: "atomic",
    }).optional(),
    activeCount: integer({ description: "Number of those runs.", minimum: 0 }).optional(),
    lastScheduleTime: timestamp("The last time for which a run was started.").optional(),
    nextScheduleTime: timestamp("The next time at which one starts.").optional(),
    lastSuccessfulTime: timestamp("When a run of the schedule last succeeded.").optional(),
    conditions: conditions("Ready and perhaps Stalled").optional(),
  },
  { description: "What the schedule has started." },
);

const DESCRIPTION =
  "Starts an AgentRun at each time of a cron schedule, as a CronJob of Kubernetes starts Jobs.";

const schema = object(
  { spec, status: status.default({ observedGeneration: UNSEEN }) },
  { description: DESCRIPTION },
);

export type AgentScheduleSpec = z.input<typeof spec>;
export type AgentScheduleStatus = z.input<typeof status>;
export interface AgentSchedule extends KubeObject {
  spec: AgentScheduleSpec;
  status?: AgentScheduleStatus;
}

export const agentScheduleKind: KindDefinition = {
  kind: "AgentSchedule",
  plural: "agentschedules",
  singular: "agentschedule",
  shortNames: ["asched"],
  description: DESCRIPTION,
  schema,
  rules: [scheduleName],
  columns: [
    { name: "Schedule", type: "string", jsonPath: ".spec.schedule", description: "When runs start" },
    { name: "Time Zone", type: "string", jsonPath: ".spec.timeZone", description: "Its time zone" },
    {
      name: "Suspend",
      type: "boolean",
      jsonPath: ".spec.suspend",
      description: "Whether no further ones start",
    },
    {
      name: "Active",
      type: "integer",
      jsonPath: ".status.activeCount",
      description: "Runs that have not ended",
    },
    {
      name: "Last Schedule",
      type: "date",
      jsonPath: ".status.lastScheduleTime",
      description: "Time since the last time for which a run was started",
    },
    AGE_COLUMN,
    {
      name: "Next",
      type: "string",
      jsonPath: ".status.nextScheduleTime",
      description: "The next time at which one starts",
      wide: true,
    },
    {
      name: "Reason",
      type: "string",
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      description: "Why it starts runs or not",
      wide: true,
    },
  ],
};
