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
import { hasStarted } from "../places.ts";
import { isCancelled } from "./cancel.ts";
import { hourlyLimit, isBefore, LOOK_AGAIN_MS } from "./hourly-limit.ts";
import type { ObservedRun } from "./observed.ts";
import { isFinished } from "./status.ts";

/** What the other runs of its trigger mean for a run that has not started. */
export type Concurrency =
  | { what: "fails"; reason: "GroupBusy"; message: string }
  | { what: "replaces"; patches: ChildPatch[] }
  | { what: "queued"; message: string; lookAgainMs: number };

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
export function concurrencyOf(observed: ObservedRun): Concurrency | undefined {
  const { run, siblings = [] } = observed;
  // One that is tried again has been let in already.
  if (hasStarted(run)) return undefined;
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
  return hourlyLimit(observed, others);
}

/** A patch that cancels a run; its work is kept. */
export function cancellation(run: AgentRun): ChildPatch[] {
  if (isCancelled(run) || isDeleting(run)) return [];
  const { namespace = "", name = "", uid = "" } = run.metadata;
  const patch = { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } };
  return [{ type: agentRuns, namespace, name, uid, patch }];
}
