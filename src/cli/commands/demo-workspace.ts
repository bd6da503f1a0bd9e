import type { AgentRun } from "../../api/agent-run.ts";
import type { WorkspaceDemoObserver } from "../../demo/workspace-demo.ts";
import type { DemoValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import type { Style } from "../output.ts";
import { keepUp } from "./demo-keep.ts";
import { renderPhase, renderRunRow, renderActivity } from "../run-text.ts";

const COLOURS: readonly Style[] = ["cyan", "yellow", "green", "red"];

/** Shows several runs side by side: each line begins with the name of its run. */
export function workspaceObserver(values: DemoValues, context: CommandContext): WorkspaceDemoObserver {
  const { out } = context;
  const startedAt = performance.now();
  const say = values.json ? (): void => {} : out.line;
  const elapsed = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)}s`.padStart(6);
  let kubeconfig = "";
  let label = (name: string): string => name;
  say(out.style("dim", "Starting an embedded Kubernetes cluster and the operator …"));
  return {
    started: (cluster, repository) => {
      kubeconfig = cluster.kubeconfigPath;
      say(`${elapsed()}  cluster    ${cluster.url}`);
      say(`${elapsed()}  repository ${repository.mirrorPath ?? repository.url}`);
    },
    applied: ({ secret, provider, config }, workspace, runs) => {
      const objects = [secret, provider, config, workspace, ...runs];
      say(
        `${elapsed()}  applied    ${objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(", ")}`,
      );
      label = labels(runs, out.style);
      for (const { metadata, spec } of runs) {
        say(`${elapsed()}  ${label(metadata.name ?? "")} ${spec.agent}: ${spec.prompt}`);
      }
    },
    changed: (name, run) => say(`${elapsed()}  ${label(name)} ${renderPhase(run, out.style)}`),
    heard: (name, activity) => {
      for (const line of renderActivity(activity, out.style).split("\n")) {
        say(`${elapsed()}  ${label(name)} ${line.trimStart()}`);
      }
    },
    ended: async (runs, { metadata, status }) => {
      say("");
      for (const run of runs) say(`${label(run.metadata.name ?? "")} ${renderRunRow(run)}`);
      say(`\nAgentWorkspace ${metadata.name}: ${status?.phase}, ${status?.worktreeCount ?? 0} worktrees`);
      await keepUp(values, context, kubeconfig, values.json ? out.error : out.line);
    },
  };
}

/** Names of equal width, each in its own colour. */
function labels(
  runs: readonly AgentRun[],
  style: (name: Style, text: string) => string,
): (name: string) => string {
  const names = runs.map(({ metadata }) => metadata.name ?? "");
  const width = Math.max(...names.map(({ length }) => length));
  return (name) => style(COLOURS[names.indexOf(name) % COLOURS.length] ?? "bold", name.padEnd(width));
}
