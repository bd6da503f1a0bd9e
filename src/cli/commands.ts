import type { Command, OptionSpecs } from "./command.ts";
import { defineCommand } from "./command.ts";
import type { CommandContext } from "./context.ts";
import { consoleOptions } from "./console-options.ts";
import { devOptions, demoOptions } from "./options.ts";
import { shippedCommands } from "./shipped-commands.ts";

/** Every command of a checkout and the npm package; dev, demo and console are for a user's own machine. */
export const commands: readonly Command<OptionSpecs, CommandContext>[] = [
  defineCommand({
    name: "dev",
    group: "Without a cluster",
    summary: "Keep an embedded cluster with the operator running on this machine",
    description: [
      "Starts a single-machine Kubernetes API server with its controllers and a kubelet that runs pods as local processes, installs the CRDs, and runs the operator under its own ServiceAccount. Prints the KUBECONFIG to export; every kubectl command of the guide then works in another shell.",
      "Listens on the loopback interface only. State lives in the data directory and survives a restart.",
    ],
    options: devOptions,
    examples: [
      "npm run dev",
      "npm run dev -- --data /tmp/cluster --port 6443",
      "npm run dev -- --samples",
      "npm run dev -- --git-mirror https://github.com/org/repo.git=$HOME/src/repo",
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/dev.ts")).runDev(values, context),
  }),
  defineCommand({
    name: "demo",
    group: "Without a cluster",
    summary: "Run one AgentRun from manifest to result, with nothing but this checkout",
    description: [
      "Starts an embedded cluster with the operator in a temporary directory, applies a Secret, an AgentProvider, an AgentConfig and an AgentRun, and shows the run live until it has ended: its phases, what the agent said, the commit it made, the diff, tokens and cost. The agent is the real CLI; the model that it talks to is a scripted endpoint on loopback, so no key is needed.",
      "Removes everything when it ends. Exit code 0 means that the run succeeded.",
    ],
    options: demoOptions,
    examples: [
      "npm run demo",
      "npm run demo -- --agent codex",
      "npm run demo -- --publish",
      "npm run demo -- --workspace",
      'ANTHROPIC_API_KEY=… npm run demo -- --live --repo . --prompt "Fix the typo in README.md"',
    ],
    run: async (values, context: CommandContext) =>
      (await import("./commands/demo.ts")).runDemoCommand(values, context),
  }),
  defineCommand({
    name: "console",
    group: "Runs",
    summary: "See what the agents do, in a browser",
    description: [
      "Serves a page on 127.0.0.1 that shows runs as they change, what their agents say, and what they have changed; you can cancel, retry and delete runs there. Everything is asked with the credential of your kubeconfig, so the page can do what you can. Ctrl-C ends it.",
      "The printed address works once; the browser that opens it is signed in from then on.",
    ],
    options: consoleOptions,
    examples: ["agent-operator console", "agent-operator console --context staging -n team-a --port 8090"],
    run: async (values, context: CommandContext) =>
      (await import("./commands/console.ts")).runConsole(values, context),
  }),
  ...shippedCommands,
];

/** What `run --local` does, which needs the embedded cluster too. */
export const local: NonNullable<CommandContext["local"]> = async () =>
  (await import("./commands/run-local.ts")).runLocally;
