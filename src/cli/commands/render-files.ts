import type { AgentNotifier } from "../../api/agent-notifier.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule } from "../../api/agent-schedule.ts";
import type { AgentTrigger } from "../../api/agent-trigger.ts";
import { renderNotifier } from "./render-notified.ts";
import { filesOf, type RenderDefaults, type Rendered, renderRun } from "./render-run.ts";
import { type GivenEvent, renderSchedule, renderTrigger } from "./render-started.ts";

/** What every object among those of the files becomes that makes others. Throws an Error that names the object. */
export function renderFiles(
  documents: readonly Record<string, unknown>[],
  defaults: RenderDefaults,
  { event, now }: { event?: GivenEvent; now: number },
): Rendered[] {
  const files = filesOf(documents, defaults.namespace);
  const triggers = files.ofKind<AgentTrigger>("AgentTrigger");
  const [trigger] = triggers;
  if (event && !trigger)
    throw new Error("--event is for an AgentTrigger, and there is none among the objects");
  if (trigger && !event) {
    const { name } = trigger.metadata;
    throw new Error(`AgentTrigger ${name} starts runs for events: name a file with one by --event`);
  }
  const notifiers = files.ofKind<AgentNotifier>("AgentNotifier");
  // Beside these, runs are what they look at.
  const isContext = notifiers.length > 0 || event !== undefined;
  const rendered = [
    ...(isContext ? [] : files.ofKind<AgentRun>("AgentRun").map((run) => renderRun(run, files, defaults))),
    ...files
      .ofKind<AgentSchedule>("AgentSchedule")
      .flatMap((schedule) => renderSchedule(schedule, files, defaults, now)),
    ...(event ? triggers.flatMap((each) => renderTrigger(each, event, files, defaults)) : []),
    ...notifiers.flatMap((notifier) => renderNotifier(notifier, files, now)),
  ];
  if (rendered.length > 0) return rendered;
  throw new Error(
    "there is no AgentRun, AgentSchedule, AgentTrigger or AgentNotifier among the objects; name its file with --filename",
  );
}
