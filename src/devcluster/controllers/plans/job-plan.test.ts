import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, Pod } from "../../../kube/builtin.ts";
import { JOB_TRACKING } from "./job-counts.ts";
import { planJob } from "./job-plan.ts";

const NOW = new Date("2026-01-01T00:10:00Z");

function aJob(
  spec: Partial<Job["spec"]> = {},
  status: Job["status"] = { startTime: "2026-01-01T00:09:00Z" },
): Job {
  return {
    metadata: { name: "j", namespace: "ns", uid: "job-uid" },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "main" }] } },
      ...spec,
    },
    status,
  };
}

type Phase = NonNullable<NonNullable<Pod["status"]>["phase"]>;

function aPod(name: string, phase: Phase, exitCode = 0, changes: Partial<Pod["metadata"]> = {}): Pod {
  const finishedAt = "2026-01-01T00:09:58Z";
  return {
    metadata: { name, namespace: "ns", uid: name, finalizers: [JOB_TRACKING], ...changes },
    spec: { containers: [{ name: "main" }] },
    status: {
      phase,
      containerStatuses: [
        {
          name: "main",
          ready: false,
          restartCount: 0,
          image: "",
          imageID: "",
          state: phase === "Running" ? { running: {} } : { terminated: { exitCode, finishedAt } },
        },
      ],
    },
  };
}

function released(pod: Pod): Pod {
  return { ...pod, metadata: { ...pod.metadata, finalizers: [] } };
}

function conditionsOf(job: Job | { status?: Job["status"] }): string[] {
  return (job.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

test("a new Job starts its clock and asks for its pods", () => {
  const plan = planJob(aJob({ parallelism: 2, completions: 3 }, {}), [], NOW);
  assert.equal(plan.create, 2);
  assert.deepEqual(plan.status, {
    startTime: "2026-01-01T00:10:00Z",
    ready: 0,
    terminating: 0,
    uncountedTerminatedPods: {},
  });
});

test("a pod that succeeded is first listed and released, then counted, then the Job is Complete", () => {
  const pod = aPod("p", "Succeeded");
  const first = planJob(aJob(), [pod], NOW);
  assert.deepEqual(conditionsOf(first), ["SuccessCriteriaMet=True CompletionsReached"]);
  assert.deepEqual(first.status.uncountedTerminatedPods, { succeeded: ["p"] });
  assert.equal(first.status.succeeded, undefined);
  assert.deepEqual(first.release, [pod]);

  const second = planJob(aJob({}, first.status), [released(pod)], NOW);
  assert.deepEqual(conditionsOf(second), [
    "SuccessCriteriaMet=True CompletionsReached",
    "Complete=True CompletionsReached",
  ]);
  assert.equal(second.status.succeeded, 1);
  assert.deepEqual(second.status.uncountedTerminatedPods, {});
  assert.equal(second.status.completionTime, "2026-01-01T00:10:00Z");
  assert.deepEqual(second.events, [{ type: "Normal", reason: "Completed", message: "Job completed" }]);

  const third = planJob(aJob({}, second.status), [released(pod)], NOW);
  assert.deepEqual([third.status, third.events, third.release, third.create], [second.status, [], [], 0]);
});

test("past its backoffLimit a Job announces its failure, then fails, and starts nothing", () => {
  const pod = aPod("p", "Failed", 1);
  const first = planJob(aJob(), [pod], NOW);
  assert.deepEqual(conditionsOf(first), ["FailureTarget=True BackoffLimitExceeded"]);
  assert.equal(first.create, 0);
  const second = planJob(aJob({}, first.status), [released(pod)], NOW);
  assert.deepEqual(conditionsOf(second), [
    "FailureTarget=True BackoffLimitExceeded",
    "Failed=True BackoffLimitExceeded",
  ]);
  assert.equal(second.status.failed, 1);
});

test("within its backoffLimit a failed pod is replaced ten seconds after its end", () => {
  const pod = released(aPod("p", "Failed", 1));
  const job = aJob({ backoffLimit: 3 }, { startTime: "2026-01-01T00:09:00Z", failed: 1 });
  const early = planJob(job, [pod], NOW);
  assert.deepEqual([early.create, early.requeueMs], [0, 8000]);
  const later = planJob(job, [pod], new Date("2026-01-01T00:10:08Z"));
  assert.equal(later.create, 1);
});

test("a FailJob rule fails the Job at once, whatever its backoffLimit", () => {
  const rules = [{ action: "FailJob" as const, onExitCodes: { operator: "In" as const, values: [64] } }];
  const job = aJob({ backoffLimit: 3, podFailurePolicy: { rules } });
  const { status } = planJob(job, [aPod("p", "Failed", 64)], NOW);
  const [condition] = status.conditions ?? [];
  assert.equal(condition?.reason, "PodFailurePolicy");
  assert.equal(
    condition?.message,
    "Container main for pod ns/p failed with exit code 64 matching FailJob rule at index 0",
  );
});

test("an exit code that no rule names is counted, one that an Ignore rule names is not", () => {
  const rules = [{ action: "Ignore" as const, onExitCodes: { operator: "In" as const, values: [7] } }];
  const job = aJob({ backoffLimit: 0, podFailurePolicy: { rules } });
  const ignored = planJob(job, [aPod("p", "Failed", 7)], NOW);
  assert.deepEqual(conditionsOf(ignored), []);
  assert.equal(ignored.release.length, 1);
  assert.deepEqual(conditionsOf(planJob(job, [aPod("p", "Failed", 8)], NOW)), [
    "FailureTarget=True BackoffLimitExceeded",
  ]);
});

test("past activeDeadlineSeconds running pods are removed, and the Job fails when they are gone", () => {
  const running = aPod("p", "Running");
  const first = planJob(aJob({ activeDeadlineSeconds: 60 }), [running], NOW);
  assert.deepEqual(first.remove, [running]);
  assert.deepEqual(conditionsOf(first), ["FailureTarget=True DeadlineExceeded"]);
  const going = { ...running, metadata: { ...running.metadata, deletionTimestamp: "2026-01-01T00:10:00Z" } };
  const second = planJob(aJob({ activeDeadlineSeconds: 60 }, first.status), [going], NOW);
  assert.equal(second.status.terminating, 1);
  assert.deepEqual(conditionsOf(second), ["FailureTarget=True DeadlineExceeded"]);
  const third = planJob(aJob({ activeDeadlineSeconds: 60 }, second.status), [], NOW);
  assert.equal(conditionsOf(third).at(-1), "Failed=True DeadlineExceeded");
  assert.equal(third.status.failed, 1);
});

test("before its deadline a Job is looked at again when it comes", () => {
  const { requeueMs } = planJob(aJob({ activeDeadlineSeconds: 90 }), [aPod("p", "Running")], NOW);
  assert.equal(requeueMs, 30_000);
});

test("a suspended Job has no pods and no clock; resumed, it begins anew", () => {
  const running = aPod("p", "Running");
  const suspended = planJob(aJob({ suspend: true, activeDeadlineSeconds: 1 }), [running], NOW);
  assert.deepEqual(conditionsOf(suspended), ["Suspended=True JobSuspended"]);
  assert.deepEqual(suspended.remove, [running]);
  const resumed = planJob(aJob({ activeDeadlineSeconds: 60 }, suspended.status), [], NOW);
  assert.deepEqual(conditionsOf(resumed), ["Suspended=False JobResumed"]);
  assert.equal(resumed.status.startTime, "2026-01-01T00:10:00Z");
  assert.equal(resumed.create, 1);
});

test("pods of a Job that is being deleted are only released", () => {
  const job = aJob();
  job.metadata.deletionTimestamp = "2026-01-01T00:10:00Z";
  const plan = planJob(job, [aPod("p", "Running")], NOW);
  assert.deepEqual([plan.release.length, plan.create, plan.remove.length], [1, 0, 0]);
});

test("what is not done for a Job is said when it starts, once", () => {
  const indexed = { completionMode: "Indexed", successPolicy: { rules: [] } };
  const first = planJob(aJob(indexed, {}), [], NOW);
  assert.deepEqual(
    first.events.map(({ reason, message }) => [reason, message.split(" is not ")[0]]),
    [
      ["NotSupported", "spec.completionMode Indexed"],
      ["NotSupported", "spec.successPolicy"],
    ],
  );
  assert.deepEqual(planJob({ ...aJob(indexed), status: first.status }, [], NOW).events, []);
});

test("a Job that another controller manages is left alone", () => {
  const plan = planJob(aJob({ managedBy: "example.com/queue" }, {}), [aPod("p", "Succeeded")], NOW);
  assert.deepEqual([plan.create, plan.release, plan.status], [0, [], {}]);
  assert.equal(planJob(aJob({ managedBy: "kubernetes.io/job-controller" }, {}), [], NOW).create, 1);
});
