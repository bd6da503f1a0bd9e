import type { OptionSpecs, ValuesOf } from "./command.ts";
import { connectionOptions } from "./run-options.ts";

export const consoleOptions = {
  port: {
    type: "string",
    value: "N",
    summary: "Port on 127.0.0.1; without it a free one",
    check: (value: string) =>
      /^[1-9][0-9]{0,4}$/.test(value) && Number(value) <= 65_535
        ? undefined
        : "expected a port from 1 to 65535",
  },
  image: {
    type: "string",
    value: "IMAGE",
    summary: "Image with git to read what a run has left, for a run whose Job is gone",
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type ConsoleValues = ValuesOf<typeof consoleOptions>;
