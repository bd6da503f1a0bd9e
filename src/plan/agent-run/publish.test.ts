import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { findCondition } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Pod } from "../../kube/builtin.ts";
import type { ObservedRun, ObservedStep } from "./observed.ts";
import { planRun, type RunPlan } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const COMMIT = "c".repeat(40);
const ENDED: AgentRunStatus = {
  phase: "Running",
  reason: "Publishing",
  jobName: "demo",
  podName: "demo-x",
  startTime: "2026-01-01T00:00:00Z",
  agentEndedAt: "2026-01-01T00:09:00Z",
};

function observe(
  step: ObservedStep = {},
  more: Partial<ObservedRun> & {
    spec?: Partial<AgentRun["spec"]>;
    annotations?: Record<string, string>;
  } = {},
): ObservedRun {
  const { spec, annotations, ...others } = more;
  return {
    run: {
      metadata: { name: "demo", namespace: "team", uid: "run-uid", generation: 1, annotations },
      spec: {
        repository: { url: "https://example.com/repo.git" },
        prompt: "Fix it",
        publish: { credentialsSecretRef: { name: "push", key: "token" } },
        ...spec,
      },
      status: ENDED,
    },
    references: { secrets: new Map([["push", ["token"]]]) },
    defaults: { gitImage: "git:1", agentImage: "agent:1", imagePullTimeoutSeconds: 300 },
    step,
    now: NOW,
    ...others,
  };
}

function aJob(type?: "Complete" | "Failed", reason?: string): NonNullable<ObservedStep["job"]> {
  return {
    metadata: {
      name: "demo-publish",
      namespace: "team",
      uid: "j",
      creationTimestamp: "2026-01-01T00:09:55Z",
    },
    ...(type && { status: { conditions: [{ type, status: "True", ...(reason && { reason }) }] } }),
  };
}

type Terminated = { exitCode: number; message?: string; reason?: string };

function aPod(container: "pack" | "push", end?: Terminated): Pod {
  const status = {
    name: container,
    ready: false,
    restartCount: 0,
    image: "",
    imageID: "",
    state: end
      ? { terminated: { finishedAt: "2026-01-01T00:09:58Z", ...end } }
      : { running: { startedAt: "" } },
  };
  return {
    metadata: { name: "demo-publish-x", creationTimestamp: "2026-01-01T00:09:56Z" },
    spec: { nodeName: "node", containers: [] },
    status: {
      phase: end === undefined ? "Running" : end.exitCode === 0 ? "Succeeded" : "Failed",
      ...(container === "pack" ? { initContainerStatuses: [status] } : { containerStatuses: [status] }),
    },
  };
}

function said(fields: object): string {
  return JSON.stringify({ type: "agent-operator", ...fields });
}

function outcome({ status }: RunPlan): unknown[] {
  const condition = findCondition(status?.conditions, "Published");
  return [status?.phase, status?.reason, condition?.status, condition?.reason];
}

describe("a run whose work is to be published", () => {
  it("gets a Job for that, which its predecessor's end does not hinder", () => {
    const plan = planRun(observe());
    const [child] = plan.create;
    assert.equal(child?.object.metadata.name, "demo-publish");
    assert.equal(child?.object.metadata.ownerReferences?.[0]?.uid, "run-uid");
    assert.equal(plan.status, undefined);
  });

  it("is Running until that has ended, and has pushed then", () => {
    const atWork = planRun(observe({ job: aJob(), pod: aPod("push") }));
    assert.equal(atWork.status?.phase, "Running");
    const told = observe(
      { job: aJob(), pod: aPod("push") },
      { run: { ...observe().run, status: atWork.status } },
    );
    assert.equal(planRun(told).status, undefined, "said once");
    const pod = aPod("push", { exitCode: 0, message: said({ commit: COMMIT }) });
    const plan = planRun(observe({ job: aJob(), pod }));
    assert.deepEqual(outcome(plan), ["Succeeded", "Completed", "True", "Published"]);
    assert.deepEqual(plan.status?.published, {
      branch: "agent/demo",
      commit: COMMIT,
      time: "2026-01-01T00:09:58Z",
    });
    assert.equal(plan.status.duration, "9m58s");
  });

  it("has succeeded without anything to publish too", () => {
    const pod = aPod("push", { exitCode: 0, message: said({ nothing: true }) });
    assert.deepEqual(outcome(planRun(observe({ job: aJob(), pod }))), [
      "Succeeded",
      "Completed",
      "False",
      "NothingToPublish",
    ]);
  });

  const failures: [string, ObservedStep, Reason, RegExp][] = [
    [
      "what the script says",
      {
        job: aJob("Failed"),
        pod: aPod("push", { exitCode: 64, message: said({ reason: "PublishRefused", message: "hook" }) }),
      },
      "PublishRefused",
      /^hook$/,
    ],
    [
      "no reason that it does not know",
      {
        job: aJob("Failed"),
        pod: aPod("push", { exitCode: 64, message: said({ reason: "Completed", message: "no" }) }),
      },
      "PublishFailed",
      /^no$/,
    ],
    [
      "git's words",
      { job: aJob("Failed"), pod: aPod("push", { exitCode: 1, message: "fatal: no route" }) },
      "PublishFailed",
      /no route/,
    ],
    [
      "nothing that the container without the credential says",
      {
        job: aJob("Failed"),
        pod: aPod("pack", { exitCode: 64, message: said({ reason: "PushDenied", message: "x" }) }),
      },
      "PublishFailed",
      /./,
    ],
    [
      "its memory",
      { job: aJob("Failed"), pod: aPod("push", { exitCode: 137, reason: "OOMKilled" }) },
      "OutOfMemory",
      /container push/,
    ],
    ["its deadline", { job: aJob("Failed", "DeadlineExceeded") }, "PublishFailed", /not pushed within 900 s/],
  ];
  for (const [what, step, reason, message] of failures) {
    it(`fails with ${what}`, () => {
      const plan = planRun(observe(step));
      assert.deepEqual(outcome(plan), ["Failed", reason, "False", reason]);
      assert.match(plan.status?.message ?? "", message);
    });
  }

  it("waits while its Job tries again, and publishes again if nobody saw the report", () => {
    const trying = planRun(observe({ job: aJob(), pod: aPod("push", { exitCode: 1, message: "x" }) }));
    assert.equal(trying.status?.phase, "Running");
    assert.deepEqual(
      planRun(observe({ job: aJob("Complete") })).remove.map(({ uid }) => uid),
      ["j"],
    );
  });

  it("says what holds it up: a Secret that went, a refused Job, a pod without a node", () => {
    const without = planRun(observe({}, { references: { secrets: new Map() } }));
    assert.match(
      without.status?.message ?? "",
      /waits: Secret push, which holds the credential to push with/,
    );
    assert.deepEqual(without.create, []);
    const refusal = { reason: "Forbidden", message: "exceeded quota" } as const;
    assert.match(planRun(observe({}, { refusal })).status?.message ?? "", /waits: exceeded quota/);
    const taken = { reason: "NameTaken", message: "a Job named demo-publish exists" } as const;
    assert.deepEqual(outcome(planRun(observe({}, { refusal: taken }))), [
      "Failed",
      "NameTaken",
      "False",
      "NameTaken",
    ]);
    const warning = "FailedCreate: forbidden";
    assert.match(planRun(observe({ job: aJob(), warning })).status?.message ?? "", /waits: PodNotCreated: /);
  });

  it("is stopped by a cancel, unless it has pushed", () => {
    const annotations = { "agent.xonovex.com/cancel": "true" };
    const plan = planRun(observe({ job: aJob(), pod: aPod("push") }, { annotations }));
    assert.deepEqual(outcome(plan), ["Failed", "Cancelled", "False", "Cancelled"]);
    assert.deepEqual(
      plan.remove.map(({ uid }) => uid),
      ["j"],
    );
    const pod = aPod("push", { exitCode: 0, message: said({ commit: COMMIT }) });
    assert.equal(planRun(observe({ job: aJob(), pod }, { annotations })).status?.phase, "Succeeded");
  });

  it("is not published if its workspace is gone", () => {
    const spec = { repository: undefined, workspaceRef: "ws", worktree: { branch: "b" } };
    assert.deepEqual(outcome(planRun(observe({}, { spec }))), [
      "Failed",
      "PublishFailed",
      "False",
      "PublishFailed",
    ]);
  });
});
