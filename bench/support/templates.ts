import type { AgentRun, AgentRunStatus } from "../../src/api/agent-run.ts";
import type { Job, Pod } from "../../src/kube/builtin.ts";
import { diffMergePatch } from "../../src/kube/merge-patch.ts";
import { DEFAULT_AGENT_IMAGE, DEFAULT_GIT_IMAGE, DEFAULT_OPERATOR_IMAGE } from "../../src/operator/images.ts";
import type { ObservedRun } from "../../src/plan/agent-run/observed.ts";
import { planRun } from "../../src/plan/agent-run/plan.ts";
import { timestamp } from "../../src/kube/time.ts";
import { podStatuses, provider, runNamed } from "./objects.ts";

/** Stand in the templates for what differs from run to run. */
export const NAME = "name-of-the-run";
export const UID = "uid-of-the-run";

/** The five writes of a run's life as the operator makes them: bodies as text, statuses as merge patches. */
export interface Templates {
  claim: string;
  job: string;
  initializing: string;
  running: string;
  ended: string;
  /** The Job itself and the run's last status, for making finished runs without an operator. */
  jobObject: Job;
  endStatus: AgentRunStatus;
}

/** The operator's own plans of one run, so that who uses them writes exactly what the operator writes. */
export function planTemplates(namespace: string): Templates {
  const now = Date.now();
  const { metadata, ...rest } = runNamed(NAME);
  const run: AgentRun = { ...rest, metadata: { ...metadata, namespace, uid: UID, generation: 1 } };
  const observed: ObservedRun = {
    run: { ...run, status: { phase: "Pending" } },
    references: {
      provider: { ...provider, metadata: { ...provider.metadata, namespace } },
      secrets: new Map([["bench-key", ["api-key"]]]),
    },
    defaults: {
      gitImage: DEFAULT_GIT_IMAGE,
      agentImage: DEFAULT_AGENT_IMAGE,
      operatorImage: DEFAULT_OPERATOR_IMAGE,
      imagePullTimeoutSeconds: 300,
    },
    now,
  };
  const start = planRun(observed);
  const [claim, child] = start.create;
  if (!claim || !child) throw new Error(`a run of the benchmark is not started: ${start.status?.message}`);
  // The planner has just built it.
  const job = child.object as Job;
  const [, running, succeeded] = podStatuses(job.spec.template.spec, timestamp(now));
  const podOf = (status: Pod["status"]): Pod => ({
    metadata: { name: `${NAME}-pod`, namespace, uid: "uid-of-the-pod" },
    spec: job.spec.template.spec,
    ...(status && { status }),
  });
  const follow = (status: AgentRunStatus | undefined, pod: Pod) => {
    if (!status) throw new Error("a plan of the benchmark's run has no status");
    return planRun({ ...observed, run: { ...run, status }, job, pod, output: { missing: "it is empty" } })
      .status;
  };
  const shown = follow(start.status, podOf(running));
  const ended = follow(shown, podOf(succeeded));
  if (!ended) throw new Error("the benchmark's run does not end");
  const change = (from: AgentRunStatus | undefined, to: AgentRunStatus | undefined) =>
    JSON.stringify({ status: diffMergePatch({ ...from }, { ...to }) });
  return {
    claim: JSON.stringify(claim.object),
    job: JSON.stringify(job),
    initializing: change({ phase: "Pending" }, start.status),
    running: change(start.status, shown),
    ended: change(shown, ended),
    jobObject: job,
    endStatus: ended,
  };
}

/** The text for one run. */
export function fill(template: string, name: string, uid: string): string {
  return template.replaceAll(NAME, name).replaceAll(UID, uid);
}
