import type { OptionSpecs, ValuesOf } from "./command.ts";
import { connectionOptions, runArgument } from "./run-options.ts";

export const pullOptions = {
  run: runArgument,
  branch: { type: "string", value: "NAME", summary: "Branch to make; without it agent/ and the run's name" },
  repo: {
    type: "string",
    value: "DIR",
    summary: "Repository to bring the work into; without it the one you are in",
    offers: "files",
  },
  image: { type: "string", value: "IMAGE", summary: "Image with git for a run whose Job is gone" },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type PullValues = ValuesOf<typeof pullOptions>;
