import type { Condition } from "../kube/objects.ts";

/** A condition as it should be; `now` decides when it last changed. */
export type DesiredCondition = Omit<Condition, "lastTransitionTime">;

/** The condition of a type, if there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of a type is True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The conditions of a status, brought to what is desired: one for each type, those that were there in
 * their old order and new ones behind them, types that are not desired left as they are.
 * `lastTransitionTime` becomes `now` (RFC 3339) only if `status` changes.
 */
export function setConditions(
  current: readonly Condition[] | undefined,
  desired: readonly DesiredCondition[],
  now: string,
): Condition[] {
  const byType = new Map<string, Condition>();
  for (const condition of current ?? []) {
    if (!byType.has(condition.type)) byType.set(condition.type, condition);
  }
  for (const condition of desired) {
    const before = byType.get(condition.type);
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now;
    byType.set(condition.type, { ...condition, lastTransitionTime });
  }
  return [...byType.values()];
}

/** The conditions without those of the given types. */
export function dropConditions(
  current: readonly Condition[] | undefined,
  types: readonly string[],
): Condition[] {
  return (current ?? []).filter((condition) => !types.includes(condition.type));
}

/** What tools that know kstatus go by, such as Flux and Argo CD: at work, or come to nothing. Neither is there if all is well. */
export type Progress = "Reconciling" | "Stalled";

/** The conditions with what kstatus goes by: this one is True, the other one absent. */
export function setProgress(
  current: readonly Condition[] | undefined,
  progress: Progress | undefined,
  condition: Omit<DesiredCondition, "type" | "status">,
  now: string,
): Condition[] {
  const obsolete = (["Reconciling", "Stalled"] as const).filter((type) => type !== progress);
  const kept = dropConditions(current, obsolete);
  if (progress === undefined) return kept;
  return setConditions(kept, [{ ...condition, type: progress, status: "True" }], now);
}
