import { type AgentNotifier, RUN_EVENTS } from "../../api/agent-notifier.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import { timestamp } from "../../kube/time.ts";
import { type DueEvent, dueOf, ruleOf, STARTED } from "../../plan/agent-notifier/due.ts";
import { messageOf } from "../../plan/agent-notifier/message.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import type { Rendered, RenderedFiles } from "./render-run.ts";

/**
 * What a notifier sends of the runs in the files: of those that have ended what their status says, of all others as if they
 * had ended in each way that it reports.
 */
export function renderNotifier(notifier: AgentNotifier, files: RenderedFiles, now: number): Rendered[] {
  const { namespace, name } = notifier.metadata;
  const title = `AgentNotifier ${namespace}/${name}`;
  const { format, url = "the address in its Secret" } = notifier.spec.sink;
  const runs = files.ofKind<AgentRun>("AgentRun").filter(({ metadata }) => metadata.namespace === namespace);
  const events = runs.flatMap((run) => eventsOf(run, notifier, now));
  if (events.length === 0) {
    const what = runs.length === 0 ? "there is no AgentRun of its namespace" : "it reports no AgentRun";
    return [{ title, notes: [`sends nothing: ${what} in the files`], effective: [], objects: [] }];
  }
  return events.map((due) => {
    const { body, contentType } = messageOf(format, due);
    const notes = [`to ${url}, as ${contentType}: AgentRun ${due.run.metadata.name}, ${due.event}`];
    return {
      title,
      notes,
      effective: [],
      objects: [JSON.parse(body) as Record<string, unknown>],
      format: "json",
    };
  });
}

function eventsOf(run: AgentRun, notifier: AgentNotifier, now: number): DueEvent[] {
  const rule = ruleOf(notifier.spec, 0);
  const startTime = timestamp(now);
  const made = RUN_EVENTS.map((event): AgentRun => {
    if (event === "Started") return { ...run, status: { phase: "Running", startTime } };
    const status = { phase: event, reason: REASONS[event], message: "what the run says at its end" };
    return { ...run, status: { ...status, startTime, completionTime: startTime } };
  });
  const states = isFinished(run) ? [run] : made;
  const due = ([undefined, STARTED] as const).flatMap((settled) =>
    states.map((state) => dueOf(state, rule, settled)),
  );
  const events = due.filter((each) => each !== undefined && each !== "over");
  return [...new Map(events.map((each) => [each.event, each])).values()];
}

const REASONS = { Succeeded: "Completed", Failed: "AgentFailed", TimedOut: "DeadlineExceeded" } as const;
