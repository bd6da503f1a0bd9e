import type { AgentRun } from "../../api/agent-run.ts";
import type { ReasonFacts } from "../../api/reason-facts.ts";
import { REASONS } from "../../api/reasons.ts";
import { timelineOf } from "../../follow/timeline.ts";
import { events } from "../../kube/builtin.ts";
import { printable, printableLine } from "../../kube/printable.ts";
import { withContinued } from "../../plan/place.ts";
import { sameCluster, withCluster, type UserCluster } from "../cluster.ts";
import type { CommandContext } from "../context.ts";
import { findRun, listRuns } from "../find-run.ts";
import { nextSteps } from "../follow-and-report.ts";
import type { ShowValues } from "../look-options.ts";
import type { Output } from "../output.ts";
import { renderObject, type ObjectFormat } from "../print-objects.ts";
import { renderPhase, renderResult } from "../run-text.ts";

const MAX_EVENTS = 5;

/** Shows one run: its task, its way so far, why it is as it is, its result, and what comes next. */
export async function runShow(values: ShowValues, context: CommandContext): Promise<number> {
  const { out, program } = context;
  return withCluster(values, context, async (cluster) => {
    const run = await findRun(cluster, values.run, context);
    if (values.output !== undefined) {
      out.write(renderObject(run, values.output as ObjectFormat));
      return 0;
    }
    const command = (text: string): string => `${program} ${text} ${run.metadata.name}${sameCluster(values)}`;
    const lines = [
      `${out.style("bold", run.metadata.name ?? "")}  ${renderPhase(run, out.style)}`,
      "",
      ...rowsOf(run, await continuedBy(cluster, run, context.stop.signal), out.style),
      ...renderTimeline(run, out.style),
      ...renderWhy(run, out.style),
      ...(await renderWarnings(cluster, run, out.style)),
      ...renderResult(run, out.style),
      ...nextSteps(run, command),
    ];
    for (const line of lines) out.line(line);
    return 0;
  });
}

type Paint = Output["style"];

/** The runs that continue this one. */
async function continuedBy({ client, namespace }: UserCluster, run: AgentRun, signal: AbortSignal) {
  const { name, uid } = run.metadata;
  return (await listRuns(client, namespace, signal))
    .filter(({ spec }) => spec.continueFrom?.run === name)
    .filter(({ status }) => status?.continued === undefined || status.continued.uid === uid)
    .map(({ metadata, status }) => `${metadata.name} (${status?.phase ?? "Pending"})`);
}

function rowsOf(given: AgentRun, continuations: readonly string[], paint: Paint): string[] {
  const { spec, status } = withContinued(given);
  const { repository, workspaceRef, prompt, promptFrom } = spec;
  const place =
    workspaceRef === undefined
      ? `${repository?.url ?? ""}${repository?.branch ? `, branch ${repository.branch}` : ""}`
      : `workspace ${workspaceRef}, branch ${spec.worktree?.branch ?? ""}`;
  const how = [status?.agent ?? spec.agent, status?.model, status?.provider && `provider ${status.provider}`];
  const rows: [string, string | undefined][] = [
    ["task", prompt ?? (promptFrom ? "from a Secret or ConfigMap" : undefined)],
    ["agent", how.filter(Boolean).join(", ")],
    ["where", place],
    ["after", spec.continueFrom && `${spec.continueFrom.run}, which it continues`],
    ["goes on", continuations.length > 0 ? `as ${continuations.join(", ")}` : undefined],
    ["pod", status?.podName],
  ];
  return rows.flatMap(([name, text]) => (text ? [row(name, text, paint)] : []));
}

function renderTimeline(run: AgentRun, paint: Paint): string[] {
  return [
    "",
    paint("bold", "timeline"),
    ...timelineOf(run).map(
      ({ at, what, seconds }) =>
        `  ${printableLine(at)}  ${`+${seconds} s`.padEnd(8)} ${printableLine(what)}`,
    ),
  ];
}

/** The message, and what the reason table says to do about it. */
function renderWhy({ status }: AgentRun, paint: Paint): string[] {
  const { reason, message } = status ?? {};
  if (reason === undefined || reason === "Completed") return [];
  const facts: ReasonFacts | undefined = Object.entries(REASONS).find(([name]) => name === reason)?.[1];
  return [
    "",
    ...(message ? [row("why", message, paint)] : []),
    ...(facts?.remedy ? [row("to do", facts.remedy, paint)] : []),
  ];
}

/** Newest warnings about the run; none if the user may not read events. */
async function renderWarnings({ client }: UserCluster, run: AgentRun, paint: Paint): Promise<string[]> {
  const { namespace = "", uid } = run.metadata;
  const fieldSelector = `regarding.uid=${uid},type=Warning`;
  const found = await client.list(events, { namespace, fieldSelector }).then(
    ({ items }) => items,
    () => [],
  );
  const lines = found.slice(-MAX_EVENTS).map(({ reason, note }) => `  ${reason}: ${note}`);
  return lines.length === 0 ? [] : ["", paint("bold", "warnings"), ...lines.map(printableLine)];
}

function row(name: string, text: string, paint: Paint): string {
  return `${paint("bold", name.padEnd(8))} ${printable(text).trimEnd().replaceAll("\n", "\n         ")}`;
}
