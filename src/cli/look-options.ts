import type { OptionSpecs, ValuesOf } from "./command.ts";
import { connectionOptions, objectOutput, runArgument } from "./run-options.ts";

const PHASES = ["Pending", "Initializing", "Running", "Succeeded", "Failed", "TimedOut"] as const;

const gitImage = {
  type: "string",
  value: "IMAGE",
  summary: "Image with git for a run whose Job is gone",
} as const;

export const listOptions = {
  "all-namespaces": { type: "boolean", short: "A", summary: "Runs of all namespaces" },
  watch: { type: "boolean", short: "w", summary: "Keep printing changes" },
  phase: { type: "string", summary: "Only runs in this phase", choices: PHASES },
  output: {
    type: "string",
    short: "o",
    summary: "Output format",
    choices: ["wide", "name", "yaml", "json"],
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const cachesOptions = {
  action: {
    type: "argument",
    value: "ACTION",
    summary: "list, or clear, which deletes the contents of one cache",
    choices: ["list", "clear"],
  },
  cache: {
    type: "word",
    value: "NAME",
    summary: "Name of the cache",
    check: (value: string) =>
      /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/.test(value) ? undefined : "expected the name of a cache",
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const showOptions = {
  run: runArgument,
  output: {
    type: "string",
    short: "o",
    summary: "Print the object instead",
    choices: ["name", "yaml", "json"],
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const logsOptions = {
  run: runArgument,
  follow: {
    type: "boolean",
    short: "f",
    summary: "Wait for the run's pod, and follow it until the run has ended",
  },
  raw: { type: "boolean", summary: "Print the agent's output unchanged" },
  image: gitImage,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const diffOptions = {
  run: runArgument,
  repository: {
    type: "string",
    value: "NAME",
    summary: "Show the change in this additional repository; without it, that in the run's own",
  },
  image: gitImage,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const pullOptions = {
  run: runArgument,
  branch: {
    type: "string",
    value: "NAME",
    summary: "Branch to create; without it, agent/ and the run's name",
  },
  repo: {
    type: "string",
    value: "DIR",
    summary: "Repository to pull the work into; without it, the current one",
    offers: "files",
  },
  image: gitImage,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const retryOptions = {
  run: runArgument,
  name: {
    type: "string",
    value: "NAME",
    summary: "Name of the new run; without it, the old name with a number",
  },
  detach: { type: "boolean", summary: "Do not follow the run" },
  output: objectOutput,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const resumeOptions = {
  run: runArgument,
  feedback: {
    type: "word",
    value: "FEEDBACK",
    summary: "What the agent should do next; - reads it from standard input",
  },
  fresh: { type: "boolean", summary: "Let the agent start a new session" },
  steps: { type: "boolean", summary: "Start no agent: only verify and publish the existing work" },
  name: {
    type: "string",
    value: "NAME",
    summary: "Name of the new run; without it, the old name with a number",
  },
  local: { type: "boolean", summary: "Refused: run --local keeps nothing that could be continued" },
  detach: { type: "boolean", summary: "Do not follow the run" },
  output: objectOutput,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export const startOptions = {
  schedule: {
    type: "word",
    value: "schedule/NAME",
    summary: "AgentSchedule to start a run of",
  },
  name: {
    type: "string",
    value: "NAME",
    summary: "Name of the run; without it, the schedule's name with -now",
  },
  detach: { type: "boolean", summary: "Do not follow the run" },
  output: objectOutput,
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type StartValues = ValuesOf<typeof startOptions>;
export type CachesValues = ValuesOf<typeof cachesOptions>;
export type ListValues = ValuesOf<typeof listOptions>;
export type ShowValues = ValuesOf<typeof showOptions>;
export type LogsValues = ValuesOf<typeof logsOptions>;
export type DiffValues = ValuesOf<typeof diffOptions>;
export type PullValues = ValuesOf<typeof pullOptions>;
export type ResumeValues = ValuesOf<typeof resumeOptions>;
export type RetryValues = ValuesOf<typeof retryOptions>;
