import type { AgentRun } from "../../api/agent-run.ts";
import { agentNamed } from "../../agents/registry.ts";
import { unlessRefused } from "../../client/errors.ts";
import { followLog, followRun } from "../../follow/follow-run.ts";
import { createTranscript } from "../../follow/transcript.ts";
import { pods } from "../../kube/builtin.ts";
import { printable } from "../../kube/printable.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { withCluster, type UserCluster } from "../cluster.ts";
import type { CommandContext } from "../context.ts";
import { fetchArtifacts } from "../fetch-artifacts.ts";
import { findRun } from "../find-run.ts";
import type { LogsValues } from "../look-options.ts";
import { renderActivity, renderResult } from "../run-text.ts";
import { showToEnd } from "../show-run.ts";

/** Shows what a run's agent says and does, or has: from its pod, else from its claim. */
export async function runLogs(values: LogsValues, context: CommandContext): Promise<number> {
  return withCluster(values, context, async (cluster) => {
    const run = await findRun(cluster, values.run, context);
    if (values.follow && !isFinished(run)) return follow(cluster, run, values, context);
    const show = writerFor(run, values, context);
    for await (const line of linesOf(cluster, run, values, context)) show.push(line);
    show.end();
    return 0;
  });
}

/** Goes on until the run has ended; Ctrl-C leaves it alone. */
async function follow(
  cluster: UserCluster,
  run: AgentRun,
  values: LogsValues,
  context: CommandContext,
): Promise<number> {
  const { out, stop } = context;
  const at = locationOf(run);
  if (values.raw) {
    const started = await untilPod(cluster, run, stop.signal);
    if (started === undefined) return stop.exitCode();
    const pod = { namespace: at.namespace, podName: started.status?.podName ?? "" };
    for await (const line of followLog(cluster.client, pod, { follow: true, signal: stop.signal }))
      out.line(printable(line));
    return stop.exitCode();
  }
  const ended = await showToEnd(cluster.client, at, stop.signal, { say: out.line, style: out.style });
  if (ended === undefined) return stop.exitCode();
  for (const line of renderResult(ended, out.style)) out.line(line);
  return 0;
}

/** The run once its agent runs or it has ended. */
async function untilPod(
  { client }: UserCluster,
  run: AgentRun,
  signal: AbortSignal,
): Promise<AgentRun | undefined> {
  for await (const next of followRun(client, locationOf(run), signal))
    if (isFinished(next) || next.status?.phase === "Running") return next;
  return undefined;
}

/** The lines of the pod's log, or of what is left of it on the claim. */
async function* linesOf(
  { client }: UserCluster,
  run: AgentRun,
  { image }: LogsValues,
  { stop }: CommandContext,
): AsyncGenerator<string> {
  const { namespace, name } = locationOf(run);
  const { podName, phase, reason, message, startedAt } = run.status ?? {};
  if (!isFinished(run) && startedAt === undefined)
    throw new Error(
      `${name} has not started: ${phase ?? "Pending"} ${reason ?? ""} ${message ?? ""}`.trimEnd(),
    );
  const at = { namespace, name: podName ?? "" };
  const pod = podName === undefined ? undefined : await unlessRefused(client.get(pods, at), "NotFound");
  if (pod) {
    yield* followLog(client, { namespace, podName: at.name }, { follow: false, signal: stop.signal });
    return;
  }
  const { files } = await fetchArtifacts(client, run, { wanted: ["log"], image, signal: stop.signal });
  const log = files.get("log");
  if (log === undefined) throw new Error(`${name} has left no log`);
  yield* log.toString("utf8").split("\n");
}

function writerFor(
  run: AgentRun,
  { raw }: LogsValues,
  { out }: CommandContext,
): { push(line: string): void; end(): void } {
  const agent = agentNamed(run.status?.agent ?? run.spec.agent ?? "");
  if (raw || agent === undefined)
    return { push: (line) => (line === "" ? undefined : out.line(printable(line))), end: () => undefined };
  return createTranscript(agent, (activity) => out.line(renderActivity(activity, out.style)));
}

function locationOf({ metadata }: AgentRun): { namespace: string; name: string } {
  return { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
}
