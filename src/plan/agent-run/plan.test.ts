import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { Reason } from "../../api/reasons.ts";
import type { ContainerStatus, Job, Pod } from "../../kube/builtin.ts";
import { buildRunJob } from "../specs/run-job.ts";
import type { ObservedRun } from "./observed.ts";
import { runningStage } from "./status.ts";
import { planRun, type RunPlan } from "./plan.ts";
import { resolveRun } from "./resolve.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

function aRun(spec: Partial<AgentRun["spec"]> = {}, status: AgentRunStatus = { phase: "Pending" }): AgentRun {
  return {
    apiVersion: "agent.xonovex.com/v1alpha1",
    kind: "AgentRun",
    metadata: { name: "demo", namespace: "team", uid: "run-uid", generation: 1 },
    spec: {
      agent: "claude",
      providerRef: "gateway",
      repository: { url: "https://example.com/repo.git", branch: "main" },
      prompt: "Fix it",
      ...spec,
    },
    status,
  };
}

function aProvider(spec: Partial<AgentProvider["spec"]> = {}): AgentProvider {
  return {
    metadata: { name: "gateway", namespace: "team" },
    spec: {
      agentTypes: ["claude"],
      authTokenSecretRef: { name: "credentials", key: "token" },
      environment: { ANTHROPIC_BASE_URL: "http://gateway:8317" },
      ...spec,
    },
  };
}

function observe(more: Partial<ObservedRun> = {}): ObservedRun {
  return {
    run: aRun(),
    references: { provider: aProvider(), secrets: new Map([["credentials", ["token"]]]) },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    now: NOW,
    ...more,
  };
}

function itsJob(): Job {
  const resolution = resolveRun(observe());
  assert.ok("resolved" in resolution);
  const job = buildRunJob(resolution.resolved);
  job.metadata.uid = "job-uid";
  job.metadata.creationTimestamp = "2026-01-01T00:09:55Z";
  return job;
}

/** A run whose Job exists, with this pod. */
function withPod(
  pod: Pod | undefined,
  status: Partial<AgentRunStatus> = {},
  more: Partial<ObservedRun> = {},
) {
  return observe({
    run: aRun({}, { phase: "Initializing", jobName: "demo", ...status }),
    job: itsJob(),
    ...(pod && { pod }),
    ...more,
  });
}

function aPod(status: Pod["status"] = {}, metadata: Pod["metadata"] = {}): Pod {
  return {
    metadata: { name: "demo-x", namespace: "team", creationTimestamp: "2026-01-01T00:09:56Z", ...metadata },
    spec: { activeDeadlineSeconds: 3600, nodeName: "node", containers: [] },
    status: { phase: "Running", startTime: "2026-01-01T00:09:57Z", ...status },
  };
}

function container(name: string, state: ContainerStatus["state"]): ContainerStatus {
  return { name, ready: false, restartCount: 0, image: "agent:1", imageID: "", state };
}

const RUNNING = { running: { startedAt: "2026-01-01T00:09:59Z" } };

function ended(exitCode: number, more: Record<string, unknown> = {}): ContainerStatus["state"] {
  return {
    terminated: { exitCode, startedAt: "2026-01-01T00:09:59Z", finishedAt: "2026-01-01T00:10:00Z", ...more },
  };
}

const GIT =
  '{"type":"agent-operator","exitCode":0,"git":{"branch":"main","baseCommit":"a","headCommit":"b","commits":1,"filesChanged":2,"insertions":3,"deletions":1,"uncommittedChanges":false}}';
const SAID =
  '{"type":"result","subtype":"success","is_error":false,"num_turns":2,"result":"Done","session_id":"s","total_cost_usd":0.5,"modelUsage":{"m":{"inputTokens":10,"outputTokens":5,"cacheReadInputTokens":0,"cacheCreationInputTokens":0,"costUSD":0.5}}}';

function planned(plan: RunPlan): { phase?: string; reason?: string } {
  return { phase: plan.status?.phase, reason: plan.status?.reason };
}

describe("a run that cannot start yet", () => {
  const waiting: [string, Partial<ObservedRun>, Reason, RegExp][] = [
    [
      "waits for its provider",
      { references: { secrets: new Map() } },
      "ProviderNotFound",
      /AgentProvider gateway/,
    ],
    [
      "waits for the provider's Secret",
      { references: { provider: aProvider(), secrets: new Map() } },
      "SecretNotFound",
      /Secret credentials/,
    ],
    [
      "waits for the Secret's key",
      { references: { provider: aProvider(), secrets: new Map([["credentials", ["other"]]]) } },
      "KeyNotFound",
      /no key token/,
    ],
    [
      "waits for any provider when none is named or inherited",
      { run: aRun({ providerRef: undefined }), references: { secrets: new Map() } },
      "ProviderRequired",
      /defaultProviders.claude/,
    ],
    [
      "waits for its workspace",
      {
        run: aRun({ repository: undefined, workspaceRef: "ws", worktree: { branch: "b" } }),
      },
      "WorkspaceNotFound",
      /AgentWorkspace ws/,
    ],
  ];
  for (const [name, more, reason, message] of waiting) {
    it(name, () => {
      const plan = planRun(observe(more));
      assert.deepEqual(planned(plan), { phase: "Pending", reason });
      assert.match(plan.status?.message ?? "", message);
      assert.deepEqual(plan.create, []);
      assert.equal(plan.requeue, "onChange");
      assert.equal(plan.status?.completionTime, undefined);
      assert.equal(plan.status?.agent, "claude");
    });
  }

  it("tells it once", () => {
    const first = planRun(observe({ references: { secrets: new Map() } }));
    assert.equal(first.events.length, 1);
    const again = planRun(observe({ references: { secrets: new Map() }, run: aRun({}, first.status) }));
    assert.deepEqual(again.events, []);
    assert.deepEqual(again.status, first.status);
  });
});

describe("a run that can never start", () => {
  it("fails when its provider is not for its agent", () => {
    const plan = planRun(observe({ run: aRun({ agent: "opencode" }) }));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "AgentMismatch" });
  });

  it("fails when its agent must have a model and there is none", () => {
    const references = {
      provider: aProvider({ agentTypes: ["opencode"] }),
      secrets: new Map([["credentials", ["token"]]]),
    };
    const plan = planRun(observe({ run: aRun({ agent: "opencode" }), references }));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "ModelRequired" });
  });

  it("fails when a child's name is in other hands", () => {
    const refusal = { reason: "NameTaken", message: "a Job named demo exists already" } as const;
    assert.deepEqual(planned(planRun(observe({ refusal }))), { phase: "Failed", reason: "NameTaken" });
  });

  it("waits when a quota stands against it, and looks again by itself", () => {
    const refusal = { reason: "Forbidden", message: "exceeded quota" } as const;
    const plan = planRun(observe({ refusal }));
    assert.deepEqual(planned(plan), { phase: "Pending", reason: "Forbidden" });
    assert.notEqual(plan.requeue, "onChange");
  });
});

describe("a run whose references are all there", () => {
  it("gets its claim and Job and is Initializing", () => {
    const plan = planRun(observe());
    assert.deepEqual(
      plan.create.map(({ object }) => `${object.kind} ${object.metadata.name}`),
      ["PersistentVolumeClaim demo-workspace", "Job demo"],
    );
    assert.deepEqual(planned(plan), { phase: "Initializing", reason: "JobCreated" });
    assert.deepEqual(
      { agent: plan.status?.agent, provider: plan.status?.provider, image: plan.status?.image },
      { agent: "claude", provider: "gateway", image: "agent:1" },
    );
    assert.equal(plan.status?.timeout, "1h0m0s");
    assert.equal(plan.status?.branch, "main");
  });

  it("warns when it sets the credential's variable itself", () => {
    const run = aRun({ env: [{ name: "ANTHROPIC_AUTH_TOKEN", value: "mine" }] });
    const plan = planRun(observe({ run }));
    assert.deepEqual(
      plan.events.map(({ reason }) => reason),
      ["CredentialOverridden", "JobCreated"],
    );
    const job = plan.create[1]?.object as Job;
    const variables = job.spec.template.spec.containers[0]?.env?.filter(
      ({ name }) => name === "ANTHROPIC_AUTH_TOKEN",
    );
    assert.deepEqual(variables, [{ name: "ANTHROPIC_AUTH_TOKEN", value: "mine" }]);
  });

  it("writes its status from the Job alone when only that was created", () => {
    const before = planRun(observe());
    const plan = planRun(observe({ job: itsJob(), references: { secrets: new Map() } }));
    assert.equal(plan.status?.provider, before.status?.provider);
    assert.equal(plan.status?.timeout, before.status?.timeout);
    assert.deepEqual(plan.create, []);
  });
});

describe("a run that is on its way", () => {
  it("writes nothing while its pod starts as it should", () => {
    const plan = planRun(
      withPod(aPod({ containerStatuses: [container("agent", { waiting: { reason: "PodInitializing" } })] })),
    );
    assert.equal(plan.status, undefined);
    assert.deepEqual(plan.requeue, { afterMs: 10_000 });
  });

  it("looks again when its node should have ended it, and while a stopped one has not ended", () => {
    const containerStatuses = [container("agent", RUNNING)];
    const running = { phase: "Running", podName: "demo-x" } as const;
    const untilGivenUpMs = 1000 * (3600 + 30 + 60 - 3);
    const late = withPod(aPod({ containerStatuses }), running, { now: NOW + untilGivenUpMs - 7_000 });
    assert.deepEqual(planRun(late).requeue, { afterMs: 7_000 });
    const stopped = aPod({ phase: "Failed", reason: "DeadlineExceeded", containerStatuses });
    assert.deepEqual(planRun(withPod(stopped, running)).requeue, { afterMs: 10_000 });
  });

  it("says that the model does not answer, once, and that it answers again", () => {
    const pod = aPod({ containerStatuses: [container("agent", RUNNING)] });
    const line = '{"type":"system","subtype":"api_retry","attempt":4,"error_status":529}';
    const { phase, reason, message } = runningStage();
    const running = { phase, reason, message, podName: "demo-x" };
    const silent = planRun(withPod(pod, running, { recent: line }));
    assert.deepEqual(planned(silent), { phase: "Running", reason: "ModelRetry" });
    assert.match(silent.status?.message ?? "", /the model does not answer \(529\)/);
    assert.deepEqual(
      silent.events.map(({ reason }) => reason),
      ["ModelRetry"],
    );
    const again = planRun(withPod(pod, silent.status, { recent: line.replace("4", "5") }));
    assert.equal(again.status, undefined);
    assert.equal(planRun(withPod(pod, silent.status)).status, undefined);
    const answered = planRun(withPod(pod, silent.status, { recent: "" }));
    assert.deepEqual(planned(answered), { phase: "Running", reason: "AgentRunning" });
  });

  it("shows Running with the agent's start even when the agent has already ended", () => {
    const pod = aPod({
      phase: "Succeeded",
      containerStatuses: [container("agent", ended(0, { message: GIT }))],
    });
    const plan = planRun(withPod(pod));
    assert.deepEqual(planned(plan), { phase: "Running", reason: "AgentRunning" });
    assert.equal(plan.status?.startedAt, "2026-01-01T00:09:59Z");
    assert.equal(plan.status?.podName, "demo-x");
    assert.deepEqual(plan.requeue, { afterMs: 0 });
  });

  it("names the image that cannot be pulled, and fails after the limit", () => {
    const waiting = { reason: "ImagePullBackOff", message: "not found" };
    const pod = aPod({ phase: "Pending", containerStatuses: [container("agent", { waiting })] });
    assert.deepEqual(planned(planRun(withPod(pod))), { phase: "Initializing", reason: "ImagePull" });
    const later = planRun(withPod(pod, {}, { now: NOW + 400_000 }));
    assert.deepEqual(planned(later), { phase: "Failed", reason: "ImagePullFailed" });
    assert.deepEqual(later.requeue, { afterMs: 0 });
  });

  const warnings: [string, Reason][] = [
    [
      'FailedMount: MountVolume.SetUp failed for volume "prompt" : configmap "task" not found',
      "ConfigMapNotFound",
    ],
    ['FailedMount: MountVolume.SetUp failed for volume "prompt" : secret "task" not found', "SecretNotFound"],
    ["FailedMount: references non-existent config key: text", "KeyNotFound"],
    ["FailedMount: rpc error", "PodStarting"],
  ];
  for (const [warning, reason] of warnings) {
    it(`calls it ${reason} when the node says ${JSON.stringify(warning.slice(13))}`, () => {
      const waiting = { reason: "ContainerCreating" };
      const pod = aPod({ phase: "Pending", containerStatuses: [container("agent", { waiting })] });
      const plan = planRun(withPod(pod, {}, { warning, now: NOW + 20_000 }));
      assert.deepEqual(planned(plan), { phase: "Initializing", reason });
    });
  }

  it("shows why its pod gets no node once that lasts", () => {
    const conditions = [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes are available" },
    ] as const;
    const pod = { ...aPod({ phase: "Pending", conditions: [...conditions] }), spec: { containers: [] } };
    assert.equal(planRun(withPod(pod)).status, undefined);
    const later = planRun(withPod(pod, {}, { now: NOW + 20_000 }));
    assert.deepEqual(planned(later), { phase: "Initializing", reason: "Unschedulable" });
  });
});

describe("a run that has ended", () => {
  const running = { phase: "Running", podName: "demo-x", startedAt: "2026-01-01T00:09:59Z" } as const;

  it("succeeded when exit code, agent and git say so", () => {
    const pod = aPod({
      phase: "Succeeded",
      containerStatuses: [container("agent", ended(0, { message: GIT }))],
    });
    const plan = planRun(withPod(pod, running, { output: { tail: SAID } }));
    assert.deepEqual(planned(plan), { phase: "Succeeded", reason: "Completed" });
    assert.equal(plan.status?.outcome, "Committed");
    assert.equal(plan.status?.exitCode, 0);
    assert.equal(plan.status?.result?.costUSD, "0.5");
    assert.deepEqual(plan.status.usage, {
      tokens: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 },
      costUSD: "0.5",
    });
    assert.equal(plan.status?.result?.git?.headCommit, "b");
    assert.equal(plan.status?.completionTime, "2026-01-01T00:10:00Z");
  });

  it("has the result that resultSchema asks for, and fails without one", () => {
    const resultSchema = '{"type":"object","properties":{"risk":{"enum":["low"]}},"required":["risk"]}';
    const phase = { jobName: "demo", ...running } as const;
    const containerStatuses = [container("agent", ended(0, { message: GIT }))];
    const pod = aPod({ phase: "Succeeded", containerStatuses });
    const planOf = (tail: string) =>
      planRun(withPod(pod, running, { run: aRun({ resultSchema }, phase), output: { tail } }));
    const said = (data: string) => SAID.replace('"session_id"', `"structured_output":${data},"session_id"`);
    const good = planOf(said('{"risk": "low"}'));
    assert.deepEqual(planned(good), { phase: "Succeeded", reason: "Completed" });
    assert.equal(good.status?.result?.data, '{"risk":"low"}');
    for (const tail of [SAID, said('{"risk":"none"}'), said("7")]) {
      const plan = planOf(tail);
      assert.deepEqual(planned(plan), { phase: "Failed", reason: "AgentError" });
      assert.equal(plan.status?.result?.data, undefined);
    }
    const unwanted = planRun(withPod(pod, running, { output: { tail: said("{}") } }));
    assert.deepEqual([unwanted.status?.phase, unwanted.status?.result?.data], ["Succeeded", undefined]);
  });

  it("is refused if resultSchema is no schema of an object", () => {
    for (const resultSchema of ["{]", "{}", '{"type":"array"}']) {
      const plan = planRun(observe({ run: aRun({ resultSchema }) }));
      assert.deepEqual(planned(plan), { phase: "Failed", reason: "Unsupported" }, resultSchema);
    }
  });

  const oom = ended(137, { reason: "OOMKilled" });
  const childOom = (exitCode: number) => ended(exitCode, { reason: "OOMKilled", message: GIT });
  const endings: [string, Pod["status"], Partial<ObservedRun>, string, Reason][] = [
    [
      "succeeded when only a child of the agent ran out of memory",
      { phase: "Succeeded", containerStatuses: [container("agent", childOom(0))] },
      { output: { tail: SAID } },
      "Succeeded",
      "Completed",
    ],
    [
      "failed of memory when the agent then ended with an error that it does not explain",
      { containerStatuses: [container("agent", childOom(1))] },
      { output: { tail: "" } },
      "Failed",
      "OutOfMemory",
    ],
    [
      "failed of what the agent says although a child of it ran out of memory",
      { containerStatuses: [container("agent", childOom(1))] },
      { output: { tail: SAID.replace("false", 'true,"api_error_status":429') } },
      "Failed",
      "RateLimited",
    ],
    [
      "failed when the agent reports an error although it exits with 0",
      { containerStatuses: [container("agent", ended(0))] },
      { output: { tail: SAID.replace("false", "true") } },
      "Failed",
      "AgentError",
    ],
    [
      "failed when the agent says nothing",
      { containerStatuses: [container("agent", ended(0))] },
      { output: { tail: "" } },
      "Failed",
      "AgentError",
    ],
    [
      "failed when the agent exits with an error",
      { containerStatuses: [container("agent", ended(1))] },
      { output: { tail: "" } },
      "Failed",
      "AgentFailed",
    ],
    [
      "failed when the agent ran out of memory",
      { containerStatuses: [container("agent", oom)] },
      { output: { tail: "" } },
      "Failed",
      "OutOfMemory",
    ],
    [
      "timed out when the pod's deadline passed",
      { reason: "DeadlineExceeded", containerStatuses: [container("agent", ended(143))] },
      { output: { tail: "" } },
      "TimedOut",
      "DeadlineExceeded",
    ],
    [
      "was evicted when the node says so",
      { reason: "Evicted", message: "disk pressure", containerStatuses: [] },
      {},
      "Failed",
      "Evicted",
    ],
  ];
  for (const [name, status, more, phase, reason] of endings) {
    it(name, () => {
      const plan = planRun(withPod(aPod({ phase: "Failed", ...status }), running, more));
      assert.deepEqual(planned(plan), { phase, reason });
      assert.ok(plan.status?.completionTime);
    });
  }

  it("failed with git's own words when the clone did", () => {
    const end = ended(64, { message: "fatal: repository not found" });
    const pod = aPod({ phase: "Failed", initContainerStatuses: [container("git-clone", end)] });
    const plan = planRun(withPod(pod));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "CloneFailed" });
    assert.equal(plan.status?.message, "fatal: repository not found");
  });

  it("waits for the agent's last words after its deadline", () => {
    const pod = aPod({
      phase: "Failed",
      reason: "DeadlineExceeded",
      containerStatuses: [container("agent", RUNNING)],
    });
    assert.equal(planRun(withPod(pod, running)).status, undefined);
    const later = planRun(withPod(pod, running, { now: NOW + 200_000 }));
    assert.deepEqual(planned(later), { phase: "TimedOut", reason: "DeadlineExceeded" });
  });

  it("failed when its pod was deleted under it", () => {
    assert.deepEqual(planned(planRun(withPod(undefined, running))), {
      phase: "Failed",
      reason: "PodDeleted",
    });
  });

  it("says why its Job has no pod, in the Job's own words", () => {
    const warning = "FailedCreate: Error creating: exceeded quota";
    const plan = planRun(
      withPod(undefined, { phase: "Initializing", jobName: "demo" }, { warning, now: NOW + 60_000 }),
    );
    assert.deepEqual(planned(plan), { phase: "Initializing", reason: "PodNotCreated" });
    assert.equal(plan.status?.message, warning);
    assert.deepEqual(plan.requeue, { afterMs: 30_000 });
  });

  it("ended with a Job whose pod never came", () => {
    const initializing = { phase: "Initializing" as const, jobName: "demo" };
    const awaited = planRun(withPod(undefined, initializing));
    assert.deepEqual([awaited.status, awaited.requeue], [undefined, { afterMs: 5_000 }]);
    const conditions = [{ type: "Failed", status: "True" as const, reason: "DeadlineExceeded" }];
    const job = { ...itsJob(), status: { conditions } };
    assert.deepEqual(planned(planRun(withPod(undefined, initializing, { job }))), {
      phase: "TimedOut",
      reason: "DeadlineExceeded",
    });
  });

  it("failed when its Job was deleted under it", () => {
    const plan = planRun(observe({ run: aRun({}, { phase: "Running", jobName: "demo" }) }));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "JobDeleted" });
  });

  it("names the Secret and key when the provider refuses the credential", () => {
    const tail =
      '{"type":"result","subtype":"success","is_error":true,"api_error_status":401,"num_turns":1,"result":"Invalid API key","session_id":"s"}';
    const pod = aPod({ phase: "Failed", containerStatuses: [container("agent", ended(1))] });
    const plan = planRun(withPod(pod, running, { output: { tail } }));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "AuthenticationFailed" });
    assert.match(plan.status?.message ?? "", /key token of Secret credentials/);
  });

  it("is deleted when its time to live is over, not before", () => {
    const completionTime = "2026-01-01T00:10:00Z";
    const run = aRun({ ttlSecondsAfterFinished: 60 }, { phase: "Succeeded", completionTime });
    const before = planRun(observe({ run, now: NOW + 50_000 }));
    assert.deepEqual([before.remove, before.requeue], [[], { afterMs: 10_000 }]);
    const [removed] = planRun(observe({ run, now: NOW + 60_000 })).remove;
    assert.deepEqual([removed?.type.kind, removed?.uid], ["AgentRun", "run-uid"]);
  });

  it("is left alone afterwards, and whatever still runs for it is removed", () => {
    const run = aRun({}, { phase: "Failed", reason: "ImagePullFailed", jobName: "demo" });
    const pod = aPod({ phase: "Pending" });
    const plan = planRun(observe({ run, job: itsJob(), pod }));
    assert.equal(plan.status, undefined);
    assert.deepEqual(
      plan.remove.map(({ uid }) => uid),
      ["job-uid"],
    );
    assert.deepEqual(planRun(observe({ run, job: itsJob(), pod: aPod({ phase: "Failed" }) })).remove, []);
  });
});

describe("a run that is cancelled", () => {
  const cancelled = (status: Partial<AgentRunStatus>): AgentRun => {
    const run = aRun({}, { phase: "Running", jobName: "demo", ...status });
    return { ...run, metadata: { ...run.metadata, annotations: { "agent.xonovex.com/cancel": "true" } } };
  };

  it("ends at once where its agent has not started", () => {
    const run = cancelled({ phase: "Initializing" });
    const plan = planRun(withPod(aPod({ phase: "Pending" }), {}, { run }));
    assert.deepEqual(planned(plan), { phase: "Failed", reason: "Cancelled" });
  });

  it("lowers the deadline of a pod at work to the time that it has had, once", () => {
    const pod = aPod({ containerStatuses: [container("agent", RUNNING)] }, { uid: "pod-uid" });
    const plan = planRun(withPod(pod, {}, { run: cancelled({}) }));
    assert.deepEqual(
      plan.patches?.map(({ uid, patch }) => ({ uid, patch })),
      [{ uid: "pod-uid", patch: { spec: { activeDeadlineSeconds: 3 } } }],
    );
    const lowered = { ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 3 } };
    assert.deepEqual(planRun(withPod(lowered, {}, { run: cancelled({}) })).patches, []);
  });

  it("is told from one whose own deadline has passed", () => {
    const status = { reason: "DeadlineExceeded", containerStatuses: [container("agent", ended(143))] };
    const pod = aPod({ phase: "Failed", ...status });
    const lowered = { ...pod, spec: { ...pod.spec, activeDeadlineSeconds: 1 } };
    const more = { run: cancelled({ podName: "demo-x" }), output: { tail: "" } };
    assert.deepEqual(planned(planRun(withPod(lowered, {}, more))), { phase: "Failed", reason: "Cancelled" });
    assert.deepEqual(planned(planRun(withPod(pod, {}, more))), {
      phase: "TimedOut",
      reason: "DeadlineExceeded",
    });
  });
});
