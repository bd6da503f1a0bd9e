#!/usr/bin/env node
// What the operator's image runs in pods that talk to a forge. Its own program: the operator loads none of it.
import { runPullRequestStep } from "../forge/step.ts";
import { runTokenStep } from "../forge/token-step.ts";
import { readConfig } from "./config.ts";

const STEPS: Readonly<Record<string, typeof runPullRequestStep>> = {
  "pull-request": runPullRequestStep,
  token: runTokenStep,
};

// As the first process of a container it would obey no signal.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(143));

const step = STEPS[process.argv[2] ?? ""];
if (!step) throw new Error(`usage: forge ${Object.keys(STEPS).join("|")}`);
process.exitCode = await step(readConfig(import.meta.dirname).environment, (text) =>
  process.stderr.write(`${text}\n`),
);
