import type { AgentRun } from "../../api/agent-run.ts";
import {
  ANNOTATION_CANCEL,
  ANNOTATION_CONCURRENCY,
  ANNOTATION_PER_HOUR,
  LABEL_GROUP,
  LABEL_TRIGGER,
} from "../../api/labels.ts";
import { agentRuns } from "../../api/resources.ts";
import { isDeleting } from "../../kube/objects.ts";
import type { ChildPatch } from "../../kube/plan.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { hasStarted } from "../places.ts";
import { isCancelled } from "./cancel.ts";
import type { ObservedRun } from "./observed.ts";
import { isFinished } from "./status.ts";

/** What the other runs of its trigger mean for a run that has not started. */
export type Concurrency =
  | { what: "fails"; reason: "GroupBusy"; message: string }
  | { what: "replaces"; patches: ChildPatch[] }
  | { what: "queued"; message: string; lookAgainMs: number };

const HOUR_MS = 3_600_000;
/** A safety net: the end of another run brings this one back. */
const LOOK_AGAIN_MS = 30_000;

/** Whether other runs of its trigger can hold a run up. */
export function isLimitedByTrigger({ metadata }: AgentRun): boolean {
  const { annotations = {}, labels = {} } = metadata;
  return (
    labels[LABEL_TRIGGER] !== undefined &&
    (annotations[ANNOTATION_CONCURRENCY] !== undefined || annotations[ANNOTATION_PER_HOUR] !== undefined)
  );
}

/** The trigger that has started a run, as `namespace/name`, if one has. */
export function triggerKeyOf({ metadata }: AgentRun): string[] {
  const name = metadata.labels?.[LABEL_TRIGGER];
  return name === undefined ? [] : [`${metadata.namespace}/${name}`];
}

/** Older ones go first, so that however many are planned at the same time, each decides alike. */
export function concurrencyOf({ run, siblings = [], now }: ObservedRun): Concurrency | undefined {
  const { annotations = {}, labels = {} } = run.metadata;
  const others = siblings.filter(({ metadata }) => metadata.uid !== run.metadata.uid);
  const group = labels[LABEL_GROUP];
  const before = others.filter(
    (each) =>
      group !== undefined &&
      each.metadata.labels?.[LABEL_GROUP] === group &&
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
    const patches = policy === "Replace" ? before.flatMap(cancellation) : [];
    if (patches.length > 0) return { what: "replaces", patches };
    if (policy === "Queue") {
      const message = `AgentRun ${name} of the same group is at work or before it (concurrency.policy Queue of the trigger)`;
      return { what: "queued", message, lookAgainMs: LOOK_AGAIN_MS };
    }
  }
  return hourlyLimit(run, others, Number(annotations[ANNOTATION_PER_HOUR] ?? Number.NaN), now);
}

function hourlyLimit(
  run: AgentRun,
  others: readonly AgentRun[],
  perHour: number,
  now: number,
): Concurrency | undefined {
  if (!(perHour >= 1)) return undefined;
  const starts = others
    .flatMap(({ status }) => status?.startTime ?? [])
    .map((start) => timeOf(start, 0))
    .filter((at) => at > now - HOUR_MS)
    .toSorted((a, b) => a - b);
  const before = others.filter((each) => !isFinished(each) && !hasStarted(each) && isBefore(each, run));
  const over = starts.length + before.length - perHour;
  if (over < 0) return undefined;
  // Of those before it none has a time yet: they are looked at again with the first.
  const freeAt = (starts[Math.min(over, starts.length - 1)] ?? now) + HOUR_MS;
  const runs = perHour === 1 ? "one run" : `${perHour} runs`;
  const message = `the trigger lets ${runs} start within an hour (limits.perHour); this run can start at ${timestamp(freeAt)} at the earliest`;
  return { what: "queued", message, lookAgainMs: Math.min(Math.max(1_000, freeAt - now), LOOK_AGAIN_MS) };
}

/** Times are whole seconds: those of the same second go by name. */
function isBefore(a: AgentRun, b: AgentRun): boolean {
  const { creationTimestamp: of = "", name = "" } = a.metadata;
  const { creationTimestamp: other = "", name: otherName = "" } = b.metadata;
  return of === other ? name < otherName : of < other;
}

/** A patch that cancels a run; its work is kept. */
export function cancellation(run: AgentRun): ChildPatch[] {
  if (isCancelled(run) || isDeleting(run)) return [];
  const { namespace = "", name = "", uid = "" } = run.metadata;
  const patch = { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } };
  return [{ type: agentRuns, namespace, name, uid, patch }];
}
