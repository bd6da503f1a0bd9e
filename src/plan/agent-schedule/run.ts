import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule } from "../../api/agent-schedule.ts";
import { API_GROUP, API_VERSION } from "../../api/group.ts";
import { ANNOTATION_CONCURRENCY, ANNOTATION_SCHEDULED_AT, LABEL_SCHEDULE } from "../../api/labels.ts";
import { timestamp } from "../../kube/time.ts";
import { ownedBySchedule } from "../specs/owner.ts";

/** A run of a schedule's template, which goes with the schedule. */
export function runOfSchedule(
  { metadata, spec }: AgentSchedule,
  own: { name: string; annotations: Record<string, string> },
): AgentRun {
  const { name = "", namespace, uid = "" } = metadata;
  const { labels, annotations } = spec.runTemplate.metadata ?? {};
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: "AgentRun",
    metadata: {
      name: own.name,
      namespace,
      labels: { ...labels, [LABEL_SCHEDULE]: name },
      annotations: { ...annotations, ...own.annotations },
      ownerReferences: [ownedBySchedule({ name, uid })],
    },
    spec: spec.runTemplate.spec,
  };
}

/** The same name for the same time, so that a time starts one run, however often this is planned. */
export function runAt(schedule: AgentSchedule, at: number): AgentRun {
  const name = `${schedule.metadata.name}-${Math.floor(at / 60_000)}`;
  const annotations = {
    [ANNOTATION_SCHEDULED_AT]: timestamp(at),
    // It waits for the end of those that are cancelled.
    ...(schedule.spec.concurrencyPolicy === "Replace" && { [ANNOTATION_CONCURRENCY]: "Replace" }),
  };
  return runOfSchedule(schedule, { name, annotations });
}
