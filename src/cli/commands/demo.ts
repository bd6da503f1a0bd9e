import type { AgentRun } from "../../api/agent-run.ts";
import { AGENT_TYPES } from "../../api/agent-types.ts";
import type { DemoAudience } from "../../demo/demo.ts";
import { runDemo } from "../../demo/demo.ts";
import type { DemoValues } from "../commands.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { aborted } from "../stop.ts";
import { renderPatch, renderPhase, renderResult, renderUtterance } from "./demo-text.ts";

/** Runs the demo and shows it; the exit code is 0 only when the run has succeeded. */
export async function runDemoCommand(values: DemoValues, context: CommandContext): Promise<number> {
  const { config, stop } = context;
  const agent = AGENT_TYPES.find((name) => name === values.agent);
  if (agent === undefined) throw new UsageError(`--agent: ${values.agent} is no agent`);
  if (values.live && config.anthropicApiKey === undefined) {
    throw new Error("--live needs ANTHROPIC_API_KEY in the environment, which is not set");
  }
  const run = await runDemo(
    {
      agent,
      ...(values.repo === undefined ? {} : { repo: values.repo }),
      ...(values.prompt === undefined ? {} : { prompt: values.prompt }),
      ...(values.live ? { liveKey: config.anthropicApiKey } : {}),
      packageRoot: config.packageRoot,
      temporaryDirectory: config.temporaryDirectory,
      workingDirectory: config.workingDirectory,
      homeDirectory: config.homeDirectory,
      path: config.path,
      signal: stop.signal,
    },
    values.json ? silentAudience(values, context) : showingAudience(values, context),
  );
  if (run === undefined) return stop.exitCode();
  if (values.json) context.out.line(JSON.stringify(run, undefined, 2));
  if (run.status?.phase === "Succeeded") return 0;
  context.out.error(
    `agent-operator: the run ended as ${run.status?.phase}: ${run.status?.reason}: ${run.status?.message}`,
  );
  return 1;
}

function silentAudience(values: DemoValues, context: CommandContext): DemoAudience {
  const nothing = (): void => {};
  let kubeconfig = "";
  return {
    started: (cluster) => void (kubeconfig = cluster.kubeconfigPath),
    applied: nothing,
    changed: nothing,
    heard: nothing,
    ended: () => keep(values, context, kubeconfig, context.out.error),
  };
}

function showingAudience(values: DemoValues, context: CommandContext): DemoAudience {
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
    applied: ({ secret, provider, config, run }) => {
      const named = [secret, provider, config, run].map((each) => `${each.kind}/${each.metadata.name}`);
      out.line(`${elapsed()}  applied    ${named.join(", ")}`);
      out.line(`${elapsed()}  prompt     ${run.spec.prompt}`);
    },
    changed: (run: AgentRun) => out.line(`${elapsed()}  ${renderPhase(run, out.style)}`),
    heard: (utterance) => out.line(renderUtterance(utterance, out.style)),
    ended: async (run, patch) => {
      for (const line of [...renderResult(run, out.style), ...renderPatch(patch, out.style)]) out.line(line);
      await keep(values, context, kubeconfig, out.line);
    },
  };
}

/** With --keep: says how to look around, and waits for Ctrl-C. */
async function keep(
  values: DemoValues,
  { stop }: CommandContext,
  kubeconfig: string,
  say: (text: string) => void,
): Promise<void> {
  if (!values.keep || stop.signal.aborted) return;
  say(`\nThe cluster stays up until Ctrl-C. In another shell:\n\n  export KUBECONFIG=${kubeconfig}`);
  say("  kubectl get agentruns -o wide\n  kubectl describe agentrun demo\n  kubectl logs job/demo -c agent");
  await aborted(stop.signal);
}
