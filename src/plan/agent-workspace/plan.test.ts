import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace, AgentWorkspaceStatus } from "../../api/agent-workspace.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
import { buildCleanupJob } from "../specs/cleanup-job.ts";
import { buildWorkspaceClaims } from "../specs/workspace-claims.ts";
import { buildWorkspaceJob } from "../specs/workspace-job.ts";
import type { ObservedWorkspace } from "./observed.ts";
import { planWorkspace } from "./plan.ts";
import { resolveWorkspace } from "./resolve.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

function aWorkspace(
  spec: Partial<AgentWorkspace["spec"]> = {},
  status: AgentWorkspaceStatus = { phase: "Pending" },
): AgentWorkspace {
  return {
    metadata: { name: "ws", namespace: "team", uid: "ws-uid", generation: 1 },
    spec: {
      repository: { url: "https://example.com/repo.git", branch: "main" },
      storageClass: "nfs-csi",
      sharedVolumes: [{ name: "claude-config", mountPath: "/root/.claude", storageSize: "2Gi" }],
      ...spec,
    },
    status,
  };
}

function observe(more: Partial<ObservedWorkspace> = {}): ObservedWorkspace {
  return {
    workspace: aWorkspace(),
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    claims: new Map(),
    runs: [],
    cleanups: [],
    now: NOW,
    ...more,
  };
}

/** Its claims and Job exist; the Job is in this state. */
function withJob(status: Job["status"], more: Partial<ObservedWorkspace> = {}): ObservedWorkspace {
  const before = observe(more);
  const setup = resolveWorkspace(before);
  const job = buildWorkspaceJob(setup);
  job.metadata.uid = "job-uid";
  job.status = status;
  const claims = buildWorkspaceClaims(setup).map((claim) => [claim.metadata.name ?? "", claim] as const);
  return { ...before, job, claims: new Map(claims), ...more };
}

const COMPLETE: Job["status"] = {
  completionTime: "2026-01-01T00:09:00Z",
  conditions: [{ type: "Complete", status: "True" }],
};
const FAILED: Job["status"] = {
  conditions: [{ type: "Failed", status: "True", reason: "PodFailurePolicy", message: "exit code 64" }],
};

function clonePod(exitCode: number, message: string): Pod {
  const state = { terminated: { exitCode, message } };
  const container = { name: "git-clone", ready: false, restartCount: 0, image: "", imageID: "", state };
  return {
    metadata: { name: "ws-init-x", creationTimestamp: "2026-01-01T00:09:55Z" },
    spec: { containers: [] },
    status: { phase: "Failed", containerStatuses: [container] },
  };
}

const CLONED = "2026-01-01T00:09:30Z";

/** The pod of its Job, whose git container has ended with 0 while one that others have added runs on. */
function heldPod(metadata: Pod["metadata"] = {}): Pod {
  const status = { ready: false, restartCount: 0, image: "", imageID: "" };
  const ended = { terminated: { exitCode: 0, finishedAt: CLONED } };
  return {
    metadata: { name: "ws-init-x", creationTimestamp: "2026-01-01T00:09:00Z", ...metadata },
    spec: { containers: [], nodeName: "node" },
    status: {
      phase: "Running",
      containerStatuses: [
        { ...status, name: "git-clone", state: ended },
        { ...status, name: "proxy", state: { running: {} } },
      ],
    },
  };
}

function stateOf({ status }: { status?: AgentWorkspaceStatus }) {
  return { phase: status?.phase, reason: status?.reason };
}

/** The conditions that kstatus goes by. */
function progressOf({ status }: { status?: AgentWorkspaceStatus }): string[] {
  const kinds = ["Reconciling", "Stalled"];
  return (status?.conditions ?? [])
    .filter((condition) => kinds.includes(condition.type) && condition.status === "True")
    .map(({ type }) => type);
}

describe("a workspace", () => {
  it("is at work, ready or stalled, for tools that know kstatus", () => {
    const initializing = planWorkspace(observe());
    assert.deepEqual(progressOf(initializing), ["Reconciling"]);
    const failed = planWorkspace(withJob(FAILED, { workspace: aWorkspace({}, initializing.status) }));
    assert.deepEqual(progressOf(failed), ["Stalled"]);
    const ready = planWorkspace(withJob(COMPLETE, { workspace: aWorkspace({}, failed.status) }));
    assert.deepEqual(progressOf(ready), []);
  });

  it("gets its claims and its init Job", () => {
    const plan = planWorkspace(observe());
    assert.deepEqual(
      plan.create.map(({ object }) => `${object.kind} ${object.metadata.name}`),
      ["PersistentVolumeClaim ws-ws", "PersistentVolumeClaim ws-claude-config", "Job ws-init"],
    );
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Cloning" });
    const [checkout, shared] = buildWorkspaceClaims(resolveWorkspace(observe()));
    assert.deepEqual(checkout?.spec, {
      accessModes: ["ReadWriteMany"],
      storageClassName: "nfs-csi",
      resources: { requests: { storage: "10Gi" } },
    });
    assert.deepEqual(shared?.spec.resources?.requests, { storage: "2Gi" });
  });

  it("takes storage class and size from the AgentConfig where it names none", () => {
    const config = { metadata: {}, spec: { storageClass: "fast", storageSize: "5Gi" } };
    const workspace = aWorkspace({ storageClass: undefined });
    const setup = resolveWorkspace(observe({ workspace, config }));
    assert.deepEqual([setup.storageClass, setup.storageSize], ["fast", "5Gi"]);
  });

  it("waits for its credentials", () => {
    const repository = {
      url: "https://example.com/r.git",
      credentialsSecretRef: { name: "git", key: "token" },
    };
    const plan = planWorkspace(observe({ workspace: aWorkspace({ repository }) }));
    assert.deepEqual(stateOf(plan), { phase: "Pending", reason: "SecretNotFound" });
    assert.deepEqual(plan.create, []);
  });

  it("is Ready when its Job completed, and says when it fetched", () => {
    const plan = planWorkspace(withJob(COMPLETE));
    assert.deepEqual(stateOf(plan), { phase: "Ready", reason: "Ready" });
    assert.equal(plan.status?.lastFetch, "2026-01-01T00:09:00Z");
    assert.deepEqual(plan.create, []);
  });

  it("shows git's own words when the clone failed for good", () => {
    const plan = planWorkspace(withJob(FAILED, { pod: clonePod(64, "fatal: repository not found") }));
    assert.deepEqual(stateOf(plan), { phase: "Failed", reason: "CloneFailed" });
    assert.equal(plan.status?.message, "fatal: repository not found");
    assert.deepEqual(plan.remove, []);
  });

  it("shows a failure that is tried again without giving up", () => {
    const plan = planWorkspace(withJob({}, { pod: clonePod(1, "fatal: could not resolve host") }));
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "CloneFailed" });
  });

  it("removes the failed Job when its spec, its Secret or the retry annotation changed", () => {
    const failed = withJob(FAILED);
    const again = aWorkspace({}, { phase: "Failed" });
    again.metadata.annotations = { "agent.xonovex.com/retry": "1" };
    const plan = planWorkspace({ ...failed, workspace: again });
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Retrying" });
    assert.deepEqual(
      plan.remove.map(({ name, uid }) => [name, uid]),
      [["ws-init", "job-uid"]],
    );
    assert.deepEqual(planWorkspace(failed).remove, []);
  });

  it("makes the claim of a volume that was added once it is Ready", () => {
    const before = withJob(COMPLETE);
    const workspace = aWorkspace(
      {
        sharedVolumes: [
          { name: "claude-config", mountPath: "/root/.claude" },
          { name: "cache", mountPath: "/cache" },
        ],
      },
      { phase: "Ready" },
    );
    const plan = planWorkspace({ ...before, workspace });
    assert.deepEqual(
      plan.create.map(({ object }) => object.metadata.name),
      ["ws-cache"],
    );
    assert.equal(plan.status?.phase, "Ready");
  });

  it("stays Ready when its finished Job is gone", () => {
    const workspace = aWorkspace({}, { phase: "Ready" });
    const plan = planWorkspace({ ...withJob(COMPLETE, { workspace }), job: undefined });
    assert.equal(plan.status?.phase, "Ready");
    assert.ok(plan.create.every(({ object }) => object.kind !== "Job"));
  });

  it("lists worktrees as their runs last reported them, also of runs that are gone", () => {
    const run: AgentRun = {
      metadata: { name: "agent-1", namespace: "team" },
      spec: { prompt: "", workspaceRef: "ws" },
      status: { phase: "Running", startedAt: "2026-01-01T00:05:00Z", branch: "agent-1-work" },
    };
    const first = planWorkspace(withJob(COMPLETE, { runs: [run] }));
    assert.deepEqual(first.status?.worktrees, [
      {
        run: "agent-1",
        path: "/workspace-wt/agent-1",
        branch: "agent-1-work",
        head: undefined,
        exists: true,
        observedAt: "2026-01-01T00:05:00Z",
      },
    ]);
    assert.deepEqual([first.status?.worktreeCount, first.status?.runningRuns], [1, 1]);
    const later = planWorkspace(withJob(COMPLETE, { workspace: aWorkspace({}, first.status) }));
    assert.equal(later.status?.worktrees?.[0]?.exists, false);
    assert.equal(later.status?.runningRuns, 0);
  });

  it("holds its own deletion while runs with a Job have not ended", () => {
    const status = { phase: "Running", jobName: "agent-1" } as const;
    const busy: AgentRun = {
      metadata: { name: "agent-1" },
      spec: { prompt: "", workspaceRef: "ws" },
      status,
    };
    const waiting: AgentRun = { ...busy, metadata: { name: "agent-2" }, status: { phase: "Pending" } };
    const ended: AgentRun = { ...busy, status: { ...status, phase: "Failed" } };
    const holds = (runs: AgentRun[]) => planWorkspace(withJob(COMPLETE, { runs })).finalizers;
    assert.deepEqual(holds([busy, waiting]), { "agent.xonovex.com/in-use": true });
    assert.deepEqual(holds([waiting, ended]), { "agent.xonovex.com/in-use": false });

    const workspace = aWorkspace({}, planWorkspace(withJob(COMPLETE, { runs: [busy] })).status);
    workspace.metadata.deletionTimestamp = "2026-01-01T00:10:00Z";
    const plan = planWorkspace(withJob(COMPLETE, { workspace, runs: [busy, waiting] }));
    assert.deepEqual(stateOf(plan), { phase: "Ready", reason: "InUse" });
    assert.equal(plan.status?.message, "the deletion waits for 1 AgentRun to end: agent-1");
    assert.equal(plan.status?.conditions?.[0]?.status, "False");
    const isolated = plan.status?.conditions?.find(({ type }) => type === "Isolated");
    assert.equal(isolated?.status, "False");
    assert.match(isolated?.message ?? "", /neighbours' files, and have their git run its programs/);
    assert.deepEqual(
      plan.events.map(({ reason, action }) => [reason, action]),
      [["InUse", "Delete"]],
    );
    const told = { ...workspace, status: plan.status };
    assert.deepEqual(planWorkspace(withJob(COMPLETE, { workspace: told, runs: [busy] })).events, []);
    const free = planWorkspace(withJob(COMPLETE, { workspace: told, runs: [ended] }));
    assert.deepEqual(free.finalizers, { "agent.xonovex.com/in-use": false });
  });

  it("forgets a worktree that was removed, not one that was made anew since", () => {
    const setup = resolveWorkspace(observe());
    const cleanup = buildCleanupJob({
      run: { name: "agent-1", uid: "u" },
      workspace: setup,
      force: false,
      gitImage: "",
      gitResources: {},
    });
    cleanup.status = {
      completionTime: "2026-01-01T00:06:00Z",
      conditions: [{ type: "Complete", status: "True" }],
    };
    const listed = (observedAt: string) => {
      const worktree = { run: "agent-1", path: "/workspace-wt/agent-1", observedAt };
      const workspace = aWorkspace({}, { phase: "Ready", worktrees: [worktree] });
      return planWorkspace(withJob(COMPLETE, { workspace, cleanups: [{ job: cleanup }] })).status
        ?.worktreeCount;
    };
    assert.equal(listed("2026-01-01T00:05:00Z"), 0);
    assert.equal(listed("2026-01-01T00:07:00Z"), 1);
  });

  it("shows the newest fetch, its own or that of a run", () => {
    const run: AgentRun = {
      metadata: { name: "agent-1" },
      spec: { prompt: "", workspaceRef: "ws" },
      status: { phase: "Running", fetchedAt: "2026-01-01T00:09:30Z" },
    };
    assert.equal(planWorkspace(withJob(COMPLETE, { runs: [run] })).status?.lastFetch, "2026-01-01T00:09:30Z");
  });
});

describe("a workspace whose checkout is gone", () => {
  const workspace = aWorkspace({}, { phase: "Ready" });
  const gone = { ...withJob(COMPLETE, { workspace }), claims: new Map() };

  it("is cloned again: first its Job goes, then it starts as at first", () => {
    const plan = planWorkspace(gone);
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Retrying" });
    assert.match(plan.status?.message ?? "", /claim ws-ws is gone; the repository is cloned again/);
    assert.deepEqual(
      plan.remove.map(({ uid, propagationPolicy }) => [uid, propagationPolicy]),
      [["job-uid", "Background"]],
    );
    assert.deepEqual(plan.create, []);
    const next = planWorkspace({ ...gone, job: undefined, workspace: { ...workspace, status: plan.status } });
    assert.deepEqual(
      next.create.map(({ object }) => object.metadata.name),
      ["ws-ws", "ws-claude-config", "ws-init"],
    );
  });

  it("is cloned again where its Job is gone too", () => {
    const plan = planWorkspace({ ...gone, job: undefined });
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Retrying" });
    assert.equal(plan.create.length, 3);
  });

  it("waits for a claim that is being deleted, and lets its finished pod go, which holds it", () => {
    const observed = withJob(COMPLETE, { workspace });
    const metadata = { name: "ws-ws", deletionTimestamp: "2026-01-01T00:09:50Z" };
    const claims = new Map([["ws-ws", { metadata, spec: {}, status: { phase: "Bound" as const } }]]);
    const plan = planWorkspace({ ...observed, claims });
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Retrying" });
    assert.equal(plan.remove.length, 1);
    const next = planWorkspace({ ...observed, claims, job: undefined });
    assert.deepEqual([next.create, next.remove, next.status?.reason], [[], [], "Retrying"]);
  });

  it("is cloned again where that is asked for, once", () => {
    const asked = {
      ...workspace,
      metadata: { ...workspace.metadata, annotations: { "agent.xonovex.com/retry": "1" } },
    };
    const observed = withJob(COMPLETE, { workspace: asked });
    const plan = planWorkspace(observed);
    assert.deepEqual([plan.status?.reason, plan.remove.length], ["Retrying", 1]);
    const made = planWorkspace({
      ...observed,
      workspace: { ...asked, status: { ...plan.status, phase: "Ready" } },
    });
    assert.deepEqual([made.status?.reason, made.remove], ["Ready", []]);
  });
});

describe("a workspace whose pod is not as it was made", () => {
  it("is Ready when its own container has ended, and then ends the Job that others hold open", () => {
    const first = planWorkspace(withJob({}, { pod: heldPod() }));
    assert.deepEqual(stateOf(first), { phase: "Ready", reason: "Ready" });
    assert.deepEqual([first.remove, first.requeue], [[], { afterMs: 1_000 }]);
    const told = aWorkspace({}, first.status);
    const second = planWorkspace(withJob({}, { pod: heldPod(), workspace: told }));
    assert.deepEqual(
      second.remove.map(({ uid }) => uid),
      ["job-uid"],
    );
  });

  it("takes no sidecar's end for its own", () => {
    const pod = heldPod();
    const statuses = pod.status?.containerStatuses?.toReversed() ?? [];
    const ended = { terminated: { exitCode: 1 } };
    const running = { running: { startedAt: CLONED } };
    const [proxy, git] = statuses;
    assert.ok(proxy && git);
    const containerStatuses = [
      { ...proxy, state: ended },
      { ...git, state: running },
    ];
    const plan = planWorkspace(
      withJob({}, { pod: { ...pod, status: { phase: "Running", containerStatuses } } }),
    );
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Cloning" });
  });

  it("gets a new Job when its node is lost", () => {
    const running = {
      name: "git-clone",
      ready: true,
      restartCount: 0,
      image: "",
      imageID: "",
      state: { running: {} },
    };
    const pod: Pod = {
      metadata: { name: "x", deletionTimestamp: "2026-01-01T00:09:20Z" },
      spec: { containers: [], nodeName: "ghost" },
      status: {
        phase: "Running",
        containerStatuses: [running],
        conditions: [
          { type: "DisruptionTarget", status: "True", reason: "DeletionByTaintManager", message: "gone" },
        ],
      },
    };
    const plan = planWorkspace(withJob({}, { pod }));
    assert.deepEqual(stateOf(plan), { phase: "Initializing", reason: "Retrying" });
    assert.match(plan.status?.message ?? "", /DeletionByTaintManager: gone; node ghost has not reported/);
    // Its node would never let go of a pod that the deletion waits for.
    assert.deepEqual(
      plan.remove.map(({ propagationPolicy }) => propagationPolicy),
      ["Background"],
    );
    const early = planWorkspace(withJob({}, { pod, now: NOW - 15_000 }));
    assert.deepEqual([early.remove, early.requeue], [[], { afterMs: 30_000 }]);
  });

  it("fails when the git image cannot be pulled for too long, and recovers with the pull", () => {
    const waiting = {
      reason: "ImagePullBackOff",
      message: 'Back-off pulling image "git:1": ErrImagePull: no such host',
    };
    const status = { name: "git-clone", ready: false, restartCount: 0, image: "git:1", imageID: "" };
    const pulling = (startTime: string, message?: string): ObservedWorkspace => {
      const pod: Pod = {
        metadata: { name: "x", creationTimestamp: startTime },
        spec: { containers: [], nodeName: "node" },
        status: { phase: "Pending", startTime, containerStatuses: [{ ...status, state: { waiting } }] },
      };
      return withJob({}, { pod, workspace: aWorkspace({}, { phase: "Initializing", message }) });
    };
    const early = planWorkspace(pulling("2026-01-01T00:09:30Z"));
    assert.deepEqual(stateOf(early), { phase: "Initializing", reason: "ImagePull" });
    assert.equal(early.status?.message, "image git:1 of container git-clone: no such host");
    const late = planWorkspace(pulling("2026-01-01T00:04:30Z"));
    assert.deepEqual(stateOf(late), { phase: "Failed", reason: "ImagePullFailed" });
    assert.deepEqual(late.remove, []);
  });

  it("is listed without a worktree whose removal others hold open, whose Job is then ended", () => {
    const run = { name: "agent-1", uid: "u" };
    const job = buildCleanupJob({
      run,
      workspace: resolveWorkspace(observe()),
      force: false,
      gitImage: "",
      gitResources: {},
    });
    job.metadata.uid = "cleanup-uid";
    const pod = heldPod();
    const own = pod.status?.containerStatuses?.[0];
    if (own) own.name = "git-cleanup";
    const worktree = { run: "agent-1", path: "/workspace-wt/agent-1", observedAt: "2026-01-01T00:05:00Z" };
    const workspace = aWorkspace({}, { phase: "Ready", worktrees: [worktree] });
    const first = planWorkspace(withJob(COMPLETE, { workspace, cleanups: [{ job, pod }] }));
    assert.deepEqual([first.status?.worktreeCount, first.remove], [0, []]);
    const told = { ...workspace, status: first.status };
    const second = planWorkspace(withJob(COMPLETE, { workspace: told, cleanups: [{ job, pod }] }));
    assert.deepEqual(
      second.remove.map(({ uid }) => uid),
      ["cleanup-uid"],
    );
  });
});
