import { agentOfType } from "../../agents/registry.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { AGENT_TYPES, type AgentType } from "../../api/agent-types.ts";
import type { DemoObserver } from "../../demo/demo.ts";
import { runDemo } from "../../demo/demo.ts";
import type { StageOptions } from "../../demo/stage.ts";
import { runWorkspaceDemo, WORKSPACE_AGENTS } from "../../demo/workspace-demo.ts";
import { agentTools } from "../agent-tools.ts";
import { demoOptions, type DemoValues } from "../options.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { findModelAccess } from "../model-access.ts";
import { keepUp } from "./demo-keep.ts";
import { renderPatch, renderPhase, renderResult, renderActivity } from "../run-text.ts";
import { workspaceObserver } from "./demo-workspace.ts";

/** Runs the demo and shows it; the exit code is 0 only when all its runs have succeeded. */
export async function runDemoCommand(values: DemoValues, context: CommandContext): Promise<number> {
  const { stop } = context;
  const wanted = values.agent ?? demoOptions.agent.choices[0];
  const agent = AGENT_TYPES.find((name) => name === wanted);
  if (agent === undefined) throw new UsageError(`--agent: ${wanted} is no agent`);
  if (values.publish && (values.workspace || values.live || values.repo !== undefined))
    throw new UsageError(
      "--publish shows a run of its own in a repository of its own: leave --workspace, --live and --repo out",
    );
  const live = values.live ? liveModel(agent, values, context) : undefined;
  // The scripted model has one task of its own.
  if (values.prompt !== undefined && !values.live)
    throw new UsageError("--prompt needs --live: the scripted model does its own task, whatever it is asked");
  if (values.workspace && values.agent !== undefined)
    throw new UsageError("--agent cannot be given with --workspace, which shows two agents of each kind");
  const agents = values.workspace ? WORKSPACE_AGENTS : [agent];
  const stage = stageOptions(values, context, live, await agentTools(agents, context));
  const runs = values.workspace
    ? await runWorkspaceDemo(stage, workspaceObserver(values, context))
    : await runDemo(
        { ...stage, agent },
        values.json ? silentObserver(values, context) : showingObserver(values, context),
      );
  if (runs === undefined) return stop.exitCode();
  const items = Array.isArray(runs) ? runs : [runs];
  if (values.json) {
    const shown = Array.isArray(runs) ? { apiVersion: "v1", kind: "List", items: runs } : runs;
    context.out.line(JSON.stringify(shown, undefined, 2));
  }
  const failed = items.filter(({ status }) => status?.phase !== "Succeeded");
  for (const { metadata, status } of failed) {
    const why = `the run ${metadata.name} ended as ${status?.phase}: ${status?.reason}: ${status?.message}`;
    context.out.error(`${context.program}: ${why}`);
  }
  return failed.length === 0 ? 0 : 1;
}

/** The workspace's two agents share one provider, so each gets the key in its own usual variable. */
function liveModel(
  agent: AgentType,
  { workspace }: DemoValues,
  { config }: CommandContext,
): StageOptions["live"] {
  const { name, tokenVariable, demo } = agentOfType(agent);
  const variable = tokenVariable({}, demo?.model);
  if (workspace) {
    const key = config.modelVariable(variable);
    if (key === undefined)
      throw new Error(`${variable} is not set: the agents need the key of their model in it`);
    return { key };
  }
  const access = findModelAccess(agentOfType(agent), demo?.model, config);
  if (access === undefined) throw new UsageError(`--live has no meaning for ${name}`);
  return access;
}

function stageOptions(
  values: DemoValues,
  { config, stop }: CommandContext,
  live: StageOptions["live"],
  toolDirectories: readonly string[],
): StageOptions {
  return {
    ...(values.repo === undefined ? {} : { repo: values.repo }),
    ...(values.publish ? { onForge: true } : {}),
    ...(values.prompt === undefined ? {} : { prompt: values.prompt }),
    ...(live === undefined ? {} : { live }),
    packageRoot: config.packageRoot,
    toolDirectories,
    temporaryDirectory: config.temporaryDirectory,
    workingDirectory: config.workingDirectory,
    homeDirectory: config.homeDirectory,
    path: config.path,
    signal: stop.signal,
  };
}

function silentObserver(values: DemoValues, context: CommandContext): DemoObserver {
  const nothing = (): void => {};
  let kubeconfig = "";
  return {
    started: (cluster) => void (kubeconfig = cluster.kubeconfigPath),
    applied: nothing,
    changed: nothing,
    heard: nothing,
    ended: () => keepUp(values, context, kubeconfig, context.out.error),
  };
}

function showingObserver(values: DemoValues, context: CommandContext): DemoObserver {
  const { out } = context;
  const startedAt = performance.now();
  let kubeconfig = "";
  const elapsed = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(1)}s`.padStart(6);
  out.line(out.style("dim", "Starting an embedded Kubernetes cluster and the operator …"));
  return {
    started: (cluster, repository) => {
      kubeconfig = cluster.kubeconfigPath;
      out.line(`${elapsed()}  cluster    ${cluster.url}`);
      out.line(`${elapsed()}  repository ${repository.mirrorPath ?? repository.url}`);
    },
    applied: ({ secret, provider, config }, run, more) => {
      const named = [secret, ...(more ? [more] : []), provider, config, run].map(
        (each) => `${each.kind}/${each.metadata.name}`,
      );
      out.line(`${elapsed()}  applied    ${named.join(", ")}`);
      out.line(`${elapsed()}  prompt     ${run.spec.prompt}`);
    },
    changed: (run: AgentRun) => {
      out.line(`${elapsed()}  ${renderPhase(run, out.style)}`);
      if (run.status?.reason === "Retrying") out.line(`        ${run.status.message}`);
    },
    heard: (activity) => out.line(renderActivity(activity, out.style)),
    ended: async (run, patch, pullRequests = []) => {
      for (const line of [...renderResult(run, out.style), ...renderPatch(patch, out.style)]) out.line(line);
      for (const pullRequest of pullRequests) {
        out.line(`\n${out.style("bold", "the pull request, as the forge has it")}`);
        out.line(JSON.stringify(pullRequest, undefined, 2));
      }
      await keepUp(values, context, kubeconfig, out.line);
    },
  };
}
