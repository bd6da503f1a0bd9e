import type { OptionSpecs, ValuesOf } from "./command.ts";
import { checkBindAddress, operatorOptions } from "./options.ts";
import { connectionOptions } from "./run-options.ts";

export const consoleOptions = {
  port: {
    type: "string",
    value: "N",
    summary: "Port on 127.0.0.1; without it, a free one",
    check: (value: string) =>
      /^[1-9][0-9]{0,4}$/.test(value) && Number(value) <= 65_535
        ? undefined
        : "expected a port from 1 to 65535",
  },
  image: {
    type: "string",
    value: "IMAGE",
    summary: "Image with git that reads the claim of a run without a Job",
  },
  ...connectionOptions,
} as const satisfies OptionSpecs;

export type ConsoleValues = ValuesOf<typeof consoleOptions>;

/** The options of `agent-operator console-server`. */
export const consoleServerOptions = {
  "bind-address": {
    type: "string",
    value: "ADDR",
    summary:
      "Where the page is served, over plain HTTP; only 127.0.0.1 is safe without a proxy in the same pod",
    default: "127.0.0.1:8083",
    check: checkBindAddress,
  },
  origin: {
    type: "strings",
    value: "URL",
    summary:
      "Address at which a proxy serves the page, such as https://console.example.com; all others except 127.0.0.1 are refused",
    check: (value: string) =>
      URL.parse(value)?.origin === value && /^https?:/.test(value)
        ? undefined
        : "expected https://HOST or https://HOST:PORT, without a path",
  },
  server: {
    type: "string",
    value: "URL",
    summary: "The API server; without it, that of the pod's cluster",
    check: (value: string) =>
      value.startsWith("https://") && URL.parse(value) !== null ? undefined : "expected https://HOST:PORT",
  },
  "certificate-authority": {
    type: "string",
    value: "FILE",
    summary: "Certificates of the API server's authority; without it, the system's",
    offers: "files",
  },
  name: {
    type: "string",
    value: "TEXT",
    summary: "Name of this cluster on the page",
    default: "this cluster",
  },
  namespace: {
    ...connectionOptions.namespace,
    summary: "Namespace that the page shows first; without it, default",
  },
  image: consoleOptions.image,
  "health-probe-bind-address": operatorOptions["health-probe-bind-address"],
  "log-level": operatorOptions["log-level"],
} as const satisfies OptionSpecs;

export type ConsoleServerValues = ValuesOf<typeof consoleServerOptions>;
