import type { AgentSchedule } from "../../api/agent-schedule.ts";
import { timeOf } from "../../kube/time.ts";
import type { CronTimes } from "./cron.ts";

/** The newest time at which a run should have started and has not. */
export interface Due {
  at: number;
  /** How many times have passed, this one too; of very many, about so many. */
  missed: number;
}

/**
 * As Kubernetes' CronJob controller has it, which makes up for none of times that are close together once a day: the newest since the last one for which a run was started, or
 * since the schedule was made. Times that are further back than `startingDeadlineSeconds` are none.
 */
export function dueTime(
  { metadata, spec, status }: AgentSchedule,
  times: CronTimes,
  now: number,
): Due | undefined {
  const created = timeOf(metadata.creationTimestamp, now);
  const since = timeOf(status?.lastScheduleTime, created);
  const deadline = spec.startingDeadlineSeconds;
  const earliest = deadline === undefined ? since : Math.max(since, now - deadline * 1_000);
  return newestBetween(times, earliest, now);
}

/** Whether a time has passed that is too far back to be made up for. */
export function missedTime(schedule: AgentSchedule, times: CronTimes, now: number): number | undefined {
  if (schedule.spec.startingDeadlineSeconds === undefined) return undefined;
  const { startingDeadlineSeconds: _, ...spec } = schedule.spec;
  return dueTime({ ...schedule, spec }, times, now)?.at;
}

function newestBetween(times: CronTimes, earliest: number, now: number): Due | undefined {
  const first = times.next(earliest);
  if (first === undefined || first > now) return undefined;
  const second = times.next(first);
  if (second === undefined || second > now) return { at: first, missed: 1 };
  const missed = Math.floor((now - first) / Math.max(1_000, second - first)) + 1;
  return { at: newestFrom(times, first, now), missed };
}

/** Of the times from `first` on. By halving: they may be regular for an hour and none for a day, or be years of minutes. */
function newestFrom(times: CronTimes, first: number, now: number): number {
  let newest = first;
  let until = now;
  while (newest < until) {
    const middle = Math.floor((newest + until) / 2);
    const next = times.next(middle);
    if (next !== undefined && next <= now) newest = next;
    else until = middle;
  }
  return newest;
}
