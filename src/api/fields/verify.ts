import { choice, integer, object } from "../schema/fields.ts";
import { argv, duration, resources } from "./common.ts";
import { usedCaches } from "./caches.ts";
import { env, image } from "./pod.ts";

/** `verify` of an AgentRun. */
export const verify = object(
  {
    command: argv(
      "Program that judges the work, and its arguments, one in each item; exit code 0 is a pass. It runs in a fresh checkout at /workspace, after setup. No shell reads it, and nothing in it is expanded.",
    ),
    image: image("Image of the container. Default: the run's own.").optional(),
    timeout: duration("Time limit from the start of the pod. Default: 30m.").optional(),
    env: env(
      "Environment variables of the command. It has none of the agent's and no credential. If one comes from a Secret, the command's output is not kept in the status.",
    ).optional(),
    caches: usedCaches.optional(),
    resources: resources("Resources of the container. Default: the agent's.").optional(),
    gate: choice(
      ["Strict", "NoRegression", "Informational"],
      "Strict: the run fails unless the command passes. NoRegression: the run also continues if the command fails on the commit that the run started from. Informational: the run always continues. Default: Strict.",
    ).optional(),
    feedback: object(
      {
        attempts: integer({
          description: "Maximum number of further attempts after a failed verification.",
          minimum: 0,
          maximum: 5,
        }),
      },
      {
        description:
          "Starts the agent again if the command has failed on its work. Its task is then the command, its exit code and the end of its output; it keeps the work so far, and its session if the agent can.",
      },
    ).optional(),
  },
  {
    description:
      "Judges the work once the agent has succeeded, before it is published. Its own Job, <run>-verify, does it, without the agent's home, key and tools.",
  },
);
