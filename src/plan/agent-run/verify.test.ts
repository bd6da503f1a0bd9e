import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { findCondition } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import type { ContainerState, Job, Pod, PodSpec } from "../../kube/builtin.ts";
import type { ObservedRun, ObservedStep } from "./observed.ts";
import { planRun, type RunPlan } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const COMMIT = "c".repeat(40);

type Verify = NonNullable<AgentRun["spec"]["verify"]>;

function observe(
  step: ObservedStep = {},
  {
    verify = {},
    spec = {},
    status = {},
    annotations = {},
  }: {
    verify?: Partial<Verify>;
    spec?: Partial<AgentRun["spec"]>;
    status?: Partial<AgentRunStatus>;
    annotations?: Record<string, string>;
  } = {},
): ObservedRun {
  return {
    run: {
      metadata: { name: "demo", namespace: "team", uid: "run-uid", generation: 1, annotations },
      spec: {
        repository: { url: "https://example.com/repo.git" },
        prompt: "Fix it",
        verify: { command: ["make", "$(HOME)"], ...verify },
        ...spec,
      },
      status: {
        phase: "Running",
        reason: "Verifying",
        agent: "claude",
        jobName: "demo",
        startTime: "2026-01-01T00:00:00Z",
        agentEndedAt: "2026-01-01T00:09:00Z",
        ...status,
      },
    },
    references: { secrets: new Map() },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    step,
    now: NOW,
  };
}

const publish = { credentialsSecretRef: { name: "push", key: "token" } };

function aJob(type?: "Complete" | "Failed", reason?: string): NonNullable<ObservedStep["job"]> {
  return {
    metadata: {
      name: "demo-verify",
      namespace: "team",
      uid: "j",
      creationTimestamp: "2026-01-01T00:09:55Z",
      annotations: { "agent.xonovex.com/origin": "1" },
    },
    ...(type && { status: { conditions: [{ type, status: "True", ...(reason && { reason }) }] } }),
  };
}

function aPod(end?: Partial<NonNullable<ContainerState["terminated"]>>, status: Pod["status"] = {}): Pod {
  const container = (name: string, state: ContainerState) => ({
    name,
    state,
    ready: false,
    restartCount: 0,
    image: "",
    imageID: "",
  });
  const message = JSON.stringify({ type: "agent-operator", commit: COMMIT });
  const state: ContainerState =
    end === undefined
      ? { running: { startedAt: "2026-01-01T00:09:56Z" } }
      : {
          terminated: {
            exitCode: 0,
            startedAt: "2026-01-01T00:09:50Z",
            finishedAt: "2026-01-01T00:09:58Z",
            ...end,
          },
        };
  return {
    metadata: { name: "demo-verify-x", creationTimestamp: "2026-01-01T00:09:56Z" },
    spec: { nodeName: "node", containers: [] },
    status: {
      phase: "Running",
      initContainerStatuses: [container("snapshot", { terminated: { exitCode: 0, message } })],
      containerStatuses: [container("verify", state)],
      ...status,
    },
  };
}

function outcome({ status }: RunPlan): unknown[] {
  const condition = findCondition(status?.conditions, "Verified");
  return [
    status?.phase,
    status?.reason,
    status?.verification?.verdict,
    `${condition?.status} ${condition?.reason}`,
  ];
}

function podOf({ create: [child] }: RunPlan): PodSpec {
  assert.ok(child);
  return (child.object as Job).spec.template.spec;
}

function created(plan: RunPlan): (string | undefined)[] {
  return plan.create.map(({ object }) => object.metadata.name);
}

describe("a run whose work is to be verified", () => {
  it("gets a Job in which the command has nothing of the run's but a checkout", () => {
    const plan = planRun(observe());
    assert.deepEqual(created(plan), ["demo-verify"]);
    const spec = podOf(plan);
    const [command] = spec.containers;
    assert.deepEqual(command?.command, ["make", "$$(HOME)"]);
    assert.deepEqual(
      command.volumeMounts?.map(({ name }) => name),
      ["checkout", "home", "tmp"],
    );
    assert.ok(!spec.volumes?.some((volume) => volume.secret));
    assert.equal(spec.automountServiceAccountToken, false);
    assert.equal(spec.activeDeadlineSeconds, 1800);
  });

  it("succeeds if it passes, and says what was verified", () => {
    const plan = planRun(observe({ job: aJob(), pod: aPod({}), output: "ok\n" }));
    assert.deepEqual(outcome(plan), ["Succeeded", "Completed", "Passed", "True VerificationPassed"]);
    assert.deepEqual(plan.status?.verification, {
      commit: COMMIT,
      exitCode: 0,
      duration: "8s",
      output: "ok\n",
      verdict: "Passed",
    });
  });

  it("keeps no output if it was given a Secret", () => {
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
    const plan = planRun(observe({ job: aJob(), pod: aPod({}), output: "secret" }, { verify: { env } }));
    assert.equal(plan.status?.verification?.output, undefined);
  });

  it("is published after that, and that commit alone", () => {
    const plan = planRun(observe({ job: aJob(), pod: aPod({}) }, { spec: { publish } }));
    assert.deepEqual(outcome(plan), ["Running", "Publishing", "Passed", "True VerificationPassed"]);
    const next = observe({}, { spec: { publish }, status: plan.status });
    next.references.secrets = new Map([["push", ["token"]]]);
    const then = planRun(next);
    assert.deepEqual(created(then), ["demo-publish"]);
    const [pack] = podOf(then).initContainers ?? [];
    assert.ok(pack?.command?.includes(`AGENT_PUBLISH_COMMIT=${COMMIT}`));
  });

  it("fails if it fails, and is not published", () => {
    const plan = planRun(observe({ job: aJob(), pod: aPod({ exitCode: 2 }) }, { spec: { publish } }));
    assert.deepEqual(outcome(plan), ["Failed", "VerificationFailed", "Failed", "False VerificationFailed"]);
    assert.equal(plan.status?.verification?.exitCode, 2);
  });

  const noPass: [string, ObservedStep, Reason, "TimedOut" | "NotRun"][] = [
    [
      "hangs",
      { job: aJob(), pod: aPod(undefined, { reason: "DeadlineExceeded" }) },
      "VerificationTimedOut",
      "TimedOut",
    ],
    ["gets no node in time", { job: aJob("Failed", "DeadlineExceeded") }, "VerificationTimedOut", "TimedOut"],
    [
      "runs out of memory",
      { job: aJob(), pod: aPod({ exitCode: 137, reason: "OOMKilled" }) },
      "OutOfMemory",
      "NotRun",
    ],
    [
      "lost a child to its memory limit and went on",
      { job: aJob(), pod: aPod({ exitCode: 0, reason: "OOMKilled" }) },
      "OutOfMemory",
      "NotRun",
    ],
    [
      "has passed for a commit that its node has forgotten",
      { job: aJob(), pod: aPod({}, { initContainerStatuses: [] }) },
      "VerificationNotRun",
      "NotRun",
    ],
    [
      "is evicted for good",
      { job: aJob("Failed"), pod: aPod({ exitCode: 143 }, { reason: "Evicted", message: "disk" }) },
      "Evicted",
      "NotRun",
    ],
    [
      "cannot be started",
      { job: aJob(), pod: aPod({ exitCode: 128, reason: "StartError" }) },
      "StartError",
      "NotRun",
    ],
    [
      "loses its pod again and again",
      { job: aJob("Failed", "BackoffLimitExceeded") },
      "VerificationNotRun",
      "NotRun",
    ],
  ];
  const worn = { verification: { restarts: 3 } };
  for (const [what, step, reason, verdict] of noPass) {
    it(`has not passed if it ${what}, with any gate that counts`, () => {
      for (const gate of ["Strict", "NoRegression"] as const) {
        const plan = planRun(observe(step, { verify: { gate }, spec: { publish }, status: worn }));
        assert.deepEqual(outcome(plan), ["Failed", reason, verdict, `False ${reason}`]);
      }
      const informed = planRun(observe(step, { verify: { gate: "Informational" }, status: worn }));
      assert.deepEqual(outcome(informed), ["Succeeded", "Completed", verdict, `False ${reason}`]);
    });
  }

  it("waits for another pod if its node was drained", () => {
    const drained = aPod(
      { exitCode: 143 },
      { conditions: [{ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }] },
    );
    assert.equal(planRun(observe({ job: aJob(), pod: drained })).status?.phase, "Running");
  });

  it("is not judged by a pod that somebody deletes, and waits in its queue", () => {
    const deleted = aPod({ exitCode: 143 });
    deleted.metadata.deletionTimestamp = "2026-01-01T00:09:59Z";
    assert.equal(planRun(observe({ job: aJob(), pod: deleted })).status?.phase, "Running");
    for (const pod of [deleted, undefined]) {
      const again = planRun(observe({ job: aJob("Failed"), ...(pod && { pod }) }));
      assert.deepEqual([again.status?.reason, again.status?.verification], ["Verifying", { restarts: 1 }]);
      assert.deepEqual(
        again.remove.map(({ name }) => name),
        ["demo-verify"],
      );
    }
    const plan = planRun(observe({}, { spec: { queueName: "team" } }));
    const [job] = plan.create.map(({ object }) => object as Job);
    assert.equal(job?.spec.suspend, true);
    assert.equal(job.metadata.labels?.["kueue.x-k8s.io/queue-name"], "team");
    const suspended = planRun(observe({ job: { ...aJob(), suspended: { by: "Kueue" } } }));
    assert.match(suspended.status?.message ?? "", /it waits: Queued: Job demo-verify is suspended by Kueue/);
    // Hours later it is resumed: its time starts then.
    const { metadata } = aJob();
    const resumed = {
      metadata: { ...metadata, creationTimestamp: "2025-12-31T00:00:00Z" },
      status: { startTime: "2026-01-01T00:09:00Z" },
    };
    assert.equal(planRun(observe({ job: resumed, pod: aPod() })).status?.phase, "Running");
  });

  it("that has ended keeps its Job and log, whatever the node has not reported yet", () => {
    const setup = aPod(undefined, { phase: "Pending" });
    setup.status?.initContainerStatuses?.push({
      name: "setup",
      state: { terminated: { exitCode: 2, reason: "Error" } },
      ready: false,
      restartCount: 0,
      image: "",
      imageID: "",
    });
    setup.status!.containerStatuses = [];
    for (const [pod, reason] of [
      [aPod({ exitCode: 1 }), "VerificationFailed"],
      [setup, "SetupFailed"],
    ] as const) {
      const plan = planRun(observe({ job: aJob(), pod }));
      assert.deepEqual([plan.status?.phase, plan.status?.reason, plan.remove], ["Failed", reason, []]);
    }
  });

  it("ends with a cancel", () => {
    const annotations = { "agent.xonovex.com/cancel": "true" };
    const plan = planRun(observe({ job: aJob(), pod: aPod() }, { annotations }));
    assert.deepEqual([plan.status?.phase, plan.status?.reason], ["Failed", "Cancelled"]);
    assert.equal(plan.remove.length, 1);
  });
});

describe("gate NoRegression", () => {
  const verify = { gate: "NoRegression" } as const;

  it("judges what the work started from too, and passes what failed there already", () => {
    const first = planRun(observe({ job: aJob(), pod: aPod({ exitCode: 2 }), output: "no" }, { verify }));
    assert.deepEqual([first.status?.phase, first.status?.verification?.verdict], ["Running", undefined]);
    const second = planRun(observe({}, { verify, status: first.status }));
    assert.deepEqual(created(second), ["demo-base"]);
    const [snapshot] = podOf(second).initContainers ?? [];
    assert.ok(snapshot?.command?.includes("AGENT_VERIFY_BASE=true"));
    const judged = (end: Parameters<typeof aPod>[0], more?: Pod["status"]) =>
      planRun(observe({ job: aJob(), pod: aPod(end, more) }, { verify, status: first.status }));
    assert.deepEqual(outcome(judged({ exitCode: 1 })), [
      "Succeeded",
      "Completed",
      "AlreadyFailing",
      "True AlreadyFailing",
    ]);
    assert.equal(judged({ exitCode: 1 }).status?.verification?.output, "no");
    assert.deepEqual(outcome(judged({})), [
      "Failed",
      "VerificationFailed",
      "Failed",
      "False VerificationFailed",
    ]);
    // One that could not be judged is no excuse.
    assert.equal(outcome(judged(undefined, { reason: "DeadlineExceeded" }))[0], "Failed");
    assert.equal(outcome(judged({ exitCode: 137, reason: "OOMKilled" }))[0], "Failed");
  });
});

describe("feedback", () => {
  const verify = { feedback: { attempts: 1 } };
  const done = {
    podName: "demo-x",
    startedAt: "2026-01-01T00:01:00Z",
    result: { sessionId: "s", costUSD: "0.5" },
  };

  it("starts the agent again in its session, and its task is what has failed", () => {
    const failed = { job: aJob(), pod: aPod({ exitCode: 2 }), output: "expected 1\n" };
    const plan = planRun(observe(failed, { verify, spec: { publish, retry: undefined }, status: done }));
    const { status } = plan;
    assert.deepEqual(
      [status?.phase, status?.reason, status?.jobName],
      ["Initializing", "Retrying", undefined],
    );
    assert.equal(findCondition(status?.conditions, "Verified")?.status, "False");
    assert.deepEqual(
      status?.attempts?.map(({ number, reason, result, completionTime }) => [
        number,
        reason,
        result?.sessionId,
        completionTime,
      ]),
      [[1, "VerificationFailed", "s", "2026-01-01T00:09:00Z"]],
    );
    assert.equal(status?.usage?.costUSD, "0.5");

    const next = observe({}, { verify, spec: { agent: "custom", command: ["x"] }, status });
    const again = planRun(next);
    const job = again.create.find(({ object }) => object.kind === "Job")?.object as Job;
    const [agent] = job.spec.template.spec.containers;
    const value = (name: string): string | undefined => agent?.env?.find((each) => each.name === name)?.value;
    assert.equal(value("AGENT_PROMPT"), "Fix it");
    assert.match(value("AGENT_FEEDBACK") ?? "", /^Your work so far .* exit code 2:\n\n\["make"/);
    assert.match(value("AGENT_FEEDBACK") ?? "", /\n(----- run-uid\/1 -----)\nexpected 1\n\n\1\n/);
    // The agent had eight minutes, and the verification is not its time.
    assert.equal(job.spec.template.spec.activeDeadlineSeconds, 3600 - 480);
  });

  it("judges each attempt by a Job of its own, and ends with the last", () => {
    const [attempt] =
      planRun(observe({ job: aJob(), pod: aPod({ exitCode: 2 }) }, { verify, status: done })).status
        ?.attempts ?? [];
    assert.ok(attempt);
    const status = { ...done, attempts: [attempt] };
    const stale = planRun(observe({ job: aJob(), pod: aPod({}) }, { verify, status }));
    assert.deepEqual([stale.status, stale.remove.length], [undefined, 1]);
    const made = planRun(observe({}, { verify, status })).create[0]?.object;
    assert.equal(made?.metadata.annotations?.["agent.xonovex.com/origin"], "2");
    const job = { ...aJob(), metadata: { ...aJob().metadata, annotations: made?.metadata.annotations } };
    const plan = planRun(observe({ job, pod: aPod({ exitCode: 2 }) }, { verify, status }));
    assert.deepEqual(outcome(plan).slice(0, 2), ["Failed", "VerificationFailed"]);
  });

  it("is not given on what could not be judged, nor to a cancelled run", () => {
    const late = aPod(undefined, { reason: "DeadlineExceeded" });
    assert.equal(planRun(observe({ job: aJob(), pod: late }, { verify })).status?.phase, "Failed");
  });
});
