import { manifest, type Fields, type RefusedManifest } from "./manifest.ts";

const repository = { url: "https://github.com/org/repo.git" };
const schedule = (fields: Fields, run: Fields = {}, name?: string) =>
  manifest(
    "AgentSchedule",
    { schedule: "@daily", runTemplate: { spec: { repository, prompt: "Do it", ...run } }, ...fields },
    name,
  );

const CRON =
  "must be a cron expression with five fields (minute, hour, day of month, month, day of week), such as 0 3 * * mon-fri, or @hourly, @daily, @weekly, @monthly or @yearly";

const wrongTimes = [
  "* * * *",
  "0 0 0 * * *",
  "60 * * * *",
  "0 24 * * *",
  "0 0 0 * *",
  "0 0 * 13 *",
  "0 0 * * 7",
];
const otherForms = ["@every 1h", "TZ=UTC 0 0 * * *", "0 0 L * *", "0 0 * * mon#1", "*/0 * * * *"];

export const schedules: RefusedManifest[] = [
  ...[...wrongTimes, ...otherForms].map((text) => ({
    what: `the schedule ${text}`,
    manifest: schedule({ schedule: text }),
    says: `spec.schedule: Invalid value: ${JSON.stringify(text)}: ${CRON}`,
  })),
  {
    what: "a time zone that depends on the machine",
    manifest: schedule({ timeZone: "Local" }),
    says: 'spec.timeZone: Invalid value: "Local": must be the name of a time zone, such as Europe/Berlin or UTC',
  },
  {
    what: "a policy that there is not",
    manifest: schedule({ concurrencyPolicy: "Queue" }),
    says: 'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"',
  },
  {
    what: "a template that is no run",
    manifest: schedule({}, { promptFrom: { configMapKeyRef: { name: "tasks", key: "task" } } }),
    says: "spec.runTemplate.spec.promptFrom: Forbidden: prompt and promptFrom are mutually exclusive",
  },
  {
    what: "a schedule whose name leaves no room for a time",
    manifest: schedule({}, {}, "a".repeat(44)),
    says: "metadata.name: Invalid value: the name of an AgentSchedule must be a DNS label of at most 43 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
];
