import type { AgentRun } from "../../api/agent-run.ts";
import { ANNOTATION_PER_HOUR, LABEL_TRIGGER } from "../../api/labels.ts";
import { configMaps, type ConfigMap } from "../../kube/builtin.ts";
import { controllerOf, type KubeObject } from "../../kube/objects.ts";
import type { Child, ChildPatch } from "../../kube/plan.ts";
import { timeOf, timestamp } from "../../kube/time.ts";
import { hasStarted, mayWantPlace } from "../places.ts";
import { triggerStartsName } from "../specs/names.ts";
import { goesWithTrigger } from "../specs/owner.ts";
import type { ObservedRun } from "./observed.ts";

/**
 * The starts of the last hour are in a ConfigMap of the trigger: runs may be deleted. A run enters itself there before it
 * gets a Job. Who is entered has been let in; an entry counts only if nobody else has made one since the record was read.
 */
export interface Entry {
  what: "enters";
  create: Child[];
  patches: ChildPatch[];
}

const HOUR_MS = 3_600_000;
/** A safety net: the end of another run brings this one back. */
export const LOOK_AGAIN_MS = 30_000;

/** The ConfigMap in which a run enters itself before it starts; undefined: nothing counts its trigger's starts. */
export function startsOf(run: AgentRun): { namespace: string; name: string } | undefined {
  const trigger = controllerOf(run);
  if (trigger?.kind !== "AgentTrigger" || !isCounted(run) || hasStarted(run)) return undefined;
  return { namespace: run.metadata.namespace ?? "", name: triggerStartsName(trigger) };
}

/** Why a run has to wait until others of its trigger have started an hour ago. */
export function hourlyLimit(
  observed: ObservedRun,
  others: readonly AgentRun[],
): { what: "queued"; message: string; lookAgainMs: number } | undefined {
  const { run, now } = observed;
  const entered = enteredIn(observed);
  if (!isCounted(run) || entered.has(uidOf(run))) return undefined;
  const perHour = perHourOf(run);
  const known = new Map(entered);
  for (const other of others) {
    const at = timeOf(other.status?.startTime, 0);
    if (at > now - HOUR_MS) known.set(uidOf(other), Math.max(at, known.get(uidOf(other)) ?? 0));
  }
  const starts = [...known.values()].toSorted((a, b) => a - b);
  const isNext = (each: AgentRun): boolean =>
    mayWantPlace(each) && !hasStarted(each) && !known.has(uidOf(each)) && isBefore(each, run);
  const over = starts.length + others.filter(isNext).length - perHour;
  if (over < 0) return undefined;
  // Of those before it none has a time yet: they are looked at again with the first.
  const freeAt = (starts[Math.min(over, starts.length - 1)] ?? now) + HOUR_MS;
  const runs = perHour === 1 ? "one run" : `${perHour} runs`;
  const message = `the trigger lets ${runs} start within an hour (limits.perHour); this run can start at ${timestamp(freeAt)} at the earliest`;
  return { what: "queued", message, lookAgainMs: Math.min(Math.max(1_000, freeAt - now), LOOK_AGAIN_MS) };
}

/** How a run that could start enters itself; undefined: it need not, or has. */
export function entryOf(observed: ObservedRun): Entry | undefined {
  const { run, now } = observed;
  const at = startsOf(run);
  const trigger = controllerOf(run);
  if (!at || !trigger || enteredIn(observed).has(uidOf(run))) return undefined;
  const own = { [uidOf(run)]: String(Math.ceil(now / 1_000)) };
  const label = { label: LABEL_TRIGGER, value: trigger.name };
  const record = recordOf(observed);
  if (record) {
    const { uid = "", resourceVersion } = record.metadata;
    const over = Object.keys(record.data ?? {}).filter((each) => !enteredIn(observed).has(each));
    const data = { ...Object.fromEntries(over.map((each) => [each, null])), ...own };
    const patch = { metadata: { resourceVersion }, data };
    return { what: "enters", create: [], patches: [{ type: configMaps, ...at, uid, patch }] };
  }
  const object: ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...at, labels: { [label.label]: label.value }, ownerReferences: [goesWithTrigger(trigger)] },
    data: own,
  };
  return { what: "enters", create: [{ type: configMaps, object, sharedBy: label }], patches: [] };
}

/** The starts of the last hour, by the uids of their runs. */
function enteredIn(observed: ObservedRun): Map<string, number> {
  const since = observed.now - HOUR_MS;
  const entries = Object.entries(recordOf(observed)?.data ?? {});
  return new Map(
    entries.map(([uid, seconds]) => [uid, Number(seconds) * 1_000] as const).filter(([, at]) => at > since),
  );
}

/** What has the record's name and is none would be left as it is. */
function recordOf({ run, starts }: ObservedRun): ConfigMap | undefined {
  return starts?.metadata.labels?.[LABEL_TRIGGER] === controllerOf(run)?.name ? starts : undefined;
}

/** Times are whole seconds: those of the same second go by name. */
export function isBefore(a: AgentRun, b: AgentRun): boolean {
  const { creationTimestamp: of = "", name = "" } = a.metadata;
  const { creationTimestamp: other = "", name: otherName = "" } = b.metadata;
  return of === other ? name < otherName : of < other;
}

function isCounted(run: AgentRun): boolean {
  return perHourOf(run) >= 1;
}

function perHourOf({ metadata }: AgentRun): number {
  return Number(metadata.annotations?.[ANNOTATION_PER_HOUR] ?? Number.NaN);
}

function uidOf({ metadata }: KubeObject): string {
  return metadata.uid ?? "";
}
