import type { AgentRun } from "../../api/agent-run.ts";
import {
  ANNOTATION_CANCEL,
  ANNOTATION_CONCURRENCY,
  ANNOTATION_PER_HOUR,
  ANNOTATION_SCHEDULED_AT,
  LABEL_GROUP,
  LABEL_SCHEDULE,
  LABEL_TRIGGER,
} from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import { isDeleting } from "../../kube/objects.ts";
import type { ChildPatch } from "../../kube/plan.ts";
import { hasStarted } from "../places.ts";
import { isCancelled } from "./cancel.ts";
import { hourlyLimit, isBefore, LOOK_AGAIN_MS } from "./hourly-limit.ts";
import type { ObservedRun } from "./observed.ts";
import { isFinished } from "./status.ts";

/** What the other runs of its trigger or schedule mean for a run that has not started. */
export type Concurrency =
  | { what: "fails"; reason: "GroupBusy"; message: string }
  | { what: "replaces"; patches: ChildPatch[] }
  | { what: "queued"; message: string; lookAgainMs: number };

/** Whether other runs of its trigger or schedule can hold a run up. */
export function isLimited(run: AgentRun): boolean {
  const { annotations = {} } = run.metadata;
  const hasLimit =
    annotations[ANNOTATION_CONCURRENCY] !== undefined || annotations[ANNOTATION_PER_HOUR] !== undefined;
  return hasLimit && starterKeyOf(run).length > 0;
}

/** The trigger or schedule that has started a run, as `kind/namespace/name`, if one has. */
export function starterKeyOf({ metadata }: AgentRun): string[] {
  const { labels = {}, namespace } = metadata;
  const [trigger, schedule] = [labels[LABEL_TRIGGER], labels[LABEL_SCHEDULE]];
  if (trigger !== undefined) return [`AgentTrigger/${namespace}/${trigger}`];
  return schedule === undefined ? [] : [`AgentSchedule/${namespace}/${schedule}`];
}

/** Those of one group share a concurrency policy. Runs of a schedule are one, but for those that a user has started. */
function groupOf({ metadata }: AgentRun): string | undefined {
  const { annotations = {}, labels = {} } = metadata;
  const isScheduled =
    labels[LABEL_SCHEDULE] !== undefined && annotations[ANNOTATION_SCHEDULED_AT] !== undefined;
  return labels[LABEL_GROUP] ?? (isScheduled ? "scheduled" : undefined);
}

/** Older ones go first, so that however many are planned at the same time, each decides alike. */
export function concurrencyOf(observed: ObservedRun): Concurrency | undefined {
  const { run, siblings = [] } = observed;
  // One that is tried again has been let in already.
  if (hasStarted(run)) return undefined;
  const { annotations = {} } = run.metadata;
  const others = siblings.filter(({ metadata }) => metadata.uid !== run.metadata.uid);
  const group = groupOf(run);
  const before = others.filter(
    (each) =>
      group !== undefined &&
      groupOf(each) === group &&
      !isFinished(each) &&
      (hasStarted(each) || isBefore(each, run)),
  );
  const [first] = before;
  if (first) {
    const name = first.metadata.name ?? "";
    const policy = annotations[ANNOTATION_CONCURRENCY];
    if (policy === "Forbid") {
      const message = `AgentRun ${name} of the same group has not ended, and the trigger's concurrency.policy is Forbid`;
      return { what: "fails", reason: "GroupBusy", message };
    }
    if (policy === "Replace") return replacing(run, before, name);
    if (policy === "Queue") {
      const message = `AgentRun ${name} of the same group is at work or before it (concurrency.policy Queue of the trigger)`;
      return { what: "queued", message, lookAgainMs: LOOK_AGAIN_MS };
    }
  }
  return hourlyLimit(observed, others);
}

/** What is cancelled is at work until its pod has ended, perhaps on the same branch. */
function replacing(run: AgentRun, before: readonly AgentRun[], first: string): Concurrency {
  const patches = before.flatMap(cancellation);
  if (patches.length > 0) return { what: "replaces", patches };
  const isScheduled = run.metadata.labels?.[LABEL_SCHEDULE] !== undefined;
  const policy = isScheduled
    ? "concurrencyPolicy Replace of the schedule"
    : "concurrency.policy Replace of the trigger";
  const message = `AgentRun ${first} is still ending; this run, which replaces it, starts then (${policy})`;
  return { what: "queued", message, lookAgainMs: LOOK_AGAIN_MS };
}

/** A patch that cancels a run; its work is kept. */
export function cancellation(run: AgentRun): ChildPatch[] {
  if (isCancelled(run) || isDeleting(run)) return [];
  const { namespace = "", name = "", uid = "" } = run.metadata;
  const patch = { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } };
  return [{ type: agentRuns, namespace, name, uid, patch }];
}
