import type { AgentRun } from "../api/agent-run.ts";

/** Something that happened to a run. */
export interface Step {
  /** RFC 3339. */
  at: string;
  what: string;
  /** Since the run was created. */
  seconds: number;
}

/** What has happened to a run so far, by its object alone, oldest first. */
export function timelineOf({ metadata, status }: AgentRun): Step[] {
  const created = metadata.creationTimestamp;
  const steps: [string | undefined, string][] = [
    [created, "created"],
    ...(status?.attempts ?? []).flatMap(
      ({ number, startedAt, completionTime, reason }): [string | undefined, string][] => [
        [startedAt, `attempt ${number} started`],
        [completionTime, `attempt ${number} ended: ${reason}`],
      ],
    ),
    [status?.startTime, "Job created"],
    [status?.startedAt, "agent started"],
    [status?.agentEndedAt, "agent succeeded"],
    [status?.published?.time, `pushed to branch ${status?.published?.branch}`],
    [status?.completionTime, `ended: ${status?.phase}`],
  ];
  const begin = Date.parse(created ?? "");
  return steps
    .filter((step): step is [string, string] => step[0] !== undefined)
    .toSorted(([a], [b]) => Date.parse(a) - Date.parse(b))
    .map(([at, what]) => ({ at, what, seconds: Math.round((Date.parse(at) - begin) / 1000) }));
}
