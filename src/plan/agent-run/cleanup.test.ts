import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { ANNOTATION_CLEANUP, FINALIZER_WORKTREE } from "../../api/labels.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
import type { JobState } from "../jobs/job-state.ts";
import { buildCleanupJob } from "../specs/cleanup-job.ts";
import type { ObservedCleanup, ObservedRun } from "./observed.ts";
import { planRun } from "./plan.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const DELETED = { deletionTimestamp: "2026-01-01T00:09:00Z", finalizers: [FINALIZER_WORKTREE] };

const HELD = { [FINALIZER_WORKTREE]: true };

const workspace: AgentWorkspace = {
  metadata: { name: "ws", namespace: "team", uid: "ws-uid" },
  spec: { repository: { url: "https://example.com/repo.git" } },
  status: { phase: "Ready" },
};

function aRun(
  cleanup: "Never" | "OnSuccess" | "OnDelete",
  metadata: AgentRun["metadata"] = {},
  phase: "Running" | "Succeeded" | "Failed" = "Succeeded",
): AgentRun {
  return {
    metadata: { name: "agent-1", namespace: "team", uid: "run-uid", ...metadata },
    spec: { prompt: "", workspaceRef: "ws", worktree: { branch: "work", cleanup } },
    status: { phase, jobName: "agent-1", branch: "work" },
  };
}

function observe(run: AgentRun, cleanup?: ObservedCleanup, more: Partial<ObservedRun> = {}): ObservedRun {
  return {
    run,
    references: { secrets: new Map() },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    cleanup: { workspace, ...cleanup },
    now: NOW,
    ...more,
  };
}

/** The Job that removes the worktree, made for a run of this uid. */
function cleanupJob(ended: "Complete" | "Failed" | undefined, { force = false, uid = "run-uid" } = {}): Job {
  const job = buildCleanupJob({
    run: { name: "agent-1", uid },
    workspace: { namespace: "team", name: "ws", uid: "ws-uid", accessMode: "ReadWriteMany" },
    force,
    gitImage: "git:1",
    gitResources: {},
  });
  job.metadata.uid = "cleanup-uid";
  job.status = ended && { conditions: [{ type: ended, status: "True", message: "it failed" }] };
  return job;
}

function podWithMessage(message: string): Pod {
  const state = { terminated: { exitCode: 68, message } };
  const container = { name: "git-cleanup", ready: false, restartCount: 0, image: "", imageID: "", state };
  return {
    metadata: { name: "p" },
    spec: { containers: [] },
    status: { phase: "Failed", containerStatuses: [container] },
  };
}

const namesOf = (items: readonly { name?: string; object?: { metadata: { name?: string } } }[]) =>
  items.map(({ name, object }) => name ?? object?.metadata.name);

describe("a run whose worktree is removed with it", () => {
  it("holds its own deletion from its Job on", () => {
    const plan = planRun(observe(aRun("OnDelete")));
    assert.deepEqual(plan.finalizers, { [FINALIZER_WORKTREE]: true });
    assert.equal(planRun(observe(aRun("Never"))).finalizers, undefined);
    assert.equal(planRun(observe(aRun("OnSuccess"))).finalizers, undefined);
  });

  it("stops its agent first, when it is deleted", () => {
    const job: Job = {
      metadata: { name: "agent-1", namespace: "team", uid: "job-uid" },
      spec: { template: { spec: { containers: [] } } },
    };
    const plan = planRun(observe(aRun("OnDelete", DELETED, "Running"), {}, { job }));
    assert.deepEqual(
      plan.remove.map(({ name, propagationPolicy }) => [name, propagationPolicy]),
      [["agent-1", "Foreground"]],
    );
    assert.deepEqual(plan.create, []);
    const stopping = { ...job, metadata: { ...job.metadata, deletionTimestamp: "2026-01-01T00:09:01Z" } };
    const next = planRun(observe(aRun("OnDelete", DELETED, "Running"), {}, { job: stopping }));
    assert.deepEqual([next.remove, next.create, next.finalizers?.[FINALIZER_WORKTREE]], [[], [], true]);
  });

  it("stops what reads its worktree after its agent, too: half of it would be published", () => {
    const step = (deletionTimestamp?: string): JobState => ({
      metadata: { name: "agent-1-publish", namespace: "team", uid: "step-uid", deletionTimestamp },
    });
    const deleted = aRun("OnDelete", DELETED, "Running");
    const plan = planRun(observe(deleted, { steps: [step()] }));
    assert.deepEqual([namesOf(plan.remove), plan.create], [["agent-1-publish"], []]);
    assert.equal(plan.remove[0]?.propagationPolicy, "Foreground");
    const next = planRun(observe(deleted, { steps: [step("2026-01-01T00:09:01Z")] }));
    assert.deepEqual([next.remove, next.create], [[], []]);
  });

  it("then has its worktree removed, and goes", () => {
    const first = planRun(observe(aRun("OnDelete", DELETED)));
    assert.deepEqual(namesOf(first.create), ["agent-1-cleanup"]);
    const going = planRun(observe(aRun("OnDelete", DELETED), { job: cleanupJob(undefined) }));
    assert.deepEqual([going.create, going.remove], [[], []]);
    const gone = planRun(observe(aRun("OnDelete", DELETED), { job: cleanupJob("Complete") }));
    assert.deepEqual(gone.finalizers, { [FINALIZER_WORKTREE]: false });
    assert.deepEqual(
      gone.events.map(({ reason }) => reason),
      ["WorktreeCleaned"],
    );
  });

  it("goes also where its worktree is kept, and says why", () => {
    const pod = podWithMessage("/workspace-wt/agent-1 holds work that no branch has");
    const plan = planRun(observe(aRun("OnDelete", DELETED), { job: cleanupJob("Failed"), pod }));
    assert.deepEqual(plan.finalizers, { [FINALIZER_WORKTREE]: false });
    assert.deepEqual(
      plan.events.map(({ type, reason, note }) => [type, reason, note]),
      [["Warning", "WorktreeKept", "/workspace-wt/agent-1 holds work that no branch has"]],
    );
    const refusal = { reason: "Forbidden", message: "a quota is used up" } as const;
    const refused = planRun(observe(aRun("OnDelete", DELETED), {}, { refusal }));
    assert.deepEqual(refused.finalizers, { [FINALIZER_WORKTREE]: false });
  });

  it("goes at once where the workspace is gone or going", () => {
    const going = {
      ...workspace,
      metadata: { ...workspace.metadata, deletionTimestamp: "2026-01-01T00:09:00Z" },
    };
    for (const each of [undefined, going]) {
      const plan = planRun(observe(aRun("OnDelete", DELETED), { workspace: each }));
      assert.deepEqual(plan.finalizers, { [FINALIZER_WORKTREE]: false });
      assert.deepEqual(plan.create, []);
    }
  });

  it("takes no Job of an earlier run of its name for its own", () => {
    const plan = planRun(
      observe(aRun("OnDelete", DELETED), { job: cleanupJob("Complete", { uid: "earlier" }) }),
    );
    assert.deepEqual(namesOf(plan.remove), ["agent-1-cleanup"]);
    assert.deepEqual(plan.create, []);
  });
});

describe("a run whose worktree is removed once it has succeeded", () => {
  it("has it removed then, and not where it failed", () => {
    const plan = planRun(observe(aRun("OnSuccess")));
    assert.deepEqual(namesOf(plan.create), ["agent-1-cleanup"]);
    assert.equal(plan.status?.phase, "Succeeded");
    assert.equal(plan.status?.conditions?.[0]?.reason, "WorktreeCleaning");
    assert.deepEqual(planRun(observe(aRun("OnSuccess", {}, "Failed"))).create, []);
    assert.deepEqual(planRun(observe(aRun("Never"))).create, []);
  });

  it("says that it is removed, once", () => {
    const run = aRun("OnSuccess");
    const plan = planRun(observe(run, { job: cleanupJob("Complete") }));
    assert.deepEqual(
      plan.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
      [["WorktreeRemoved", "True", "WorktreeCleaned"]],
    );
    const later = planRun(observe({ ...run, status: plan.status }));
    assert.deepEqual([later.create, later.events, later.status], [[], [], undefined]);
  });

  it("keeps it with work that no branch has, until Force is asked for", () => {
    const run = aRun("OnSuccess");
    const kept = planRun(observe(run, { job: cleanupJob("Failed"), pod: podWithMessage("?? new.txt") }));
    const [condition] = kept.status?.conditions ?? [];
    assert.deepEqual([condition?.status, condition?.reason], ["False", "WorktreeKept"]);
    const settled = { ...run, status: kept.status };
    assert.deepEqual(planRun(observe(settled)).create, [], "not in a loop");

    const forced = {
      ...settled,
      metadata: { ...run.metadata, annotations: { [ANNOTATION_CLEANUP]: "Force" } },
    };
    const outdated = planRun(observe(forced, { job: cleanupJob("Failed") }));
    assert.deepEqual(namesOf(outdated.remove), ["agent-1-cleanup"]);
    const [job] = planRun(observe(forced)).create;
    assert.match(JSON.stringify(job?.object), /"AGENT_CLEANUP_FORCE=true"/);
  });
});

describe("a removal whose Job does not end as it should", () => {
  const deleting = aRun("OnDelete", DELETED);
  const sidecar = {
    name: "proxy",
    ready: true,
    restartCount: 0,
    image: "",
    imageID: "",
    state: { running: {} },
  };

  function pod(state: object, more: Partial<Pod["metadata"]> = {}): Pod {
    const own = { name: "git-cleanup", ready: false, restartCount: 0, image: "", imageID: "", state };
    return {
      metadata: { name: "p", ...more },
      spec: { containers: [], nodeName: "ghost" },
      status: { phase: "Running", containerStatuses: [own, sidecar] },
    };
  }

  it("is judged by its own container where others hold the pod open", () => {
    const job = cleanupJob(undefined);
    const removed = planRun(observe(deleting, { job, pod: pod({ terminated: { exitCode: 0 } }) }));
    assert.deepEqual(removed.finalizers, { [FINALIZER_WORKTREE]: false });
    assert.equal(removed.events[0]?.reason, "WorktreeCleaned");
    const message = "work that no branch has";
    const kept = planRun(observe(deleting, { job, pod: pod({ terminated: { exitCode: 68, message } }) }));
    assert.deepEqual([kept.events[0]?.reason, kept.events[0]?.note], ["WorktreeKept", message]);
  });

  it("lets the run go when the node is lost, or when the Job is long overdue", () => {
    const job = cleanupJob(undefined);
    const lost = pod({ running: {} }, { deletionTimestamp: "2026-01-01T00:09:00Z" });
    const plan = planRun(observe(deleting, { job, pod: lost }));
    assert.match(plan.events[0]?.note ?? "", /node ghost has not reported how it went/);
    const soon = planRun(observe(deleting, { job, pod: lost }, { now: NOW - 45_000 }));
    assert.deepEqual([soon.finalizers, soon.requeue], [HELD, { afterMs: 30_000 }]);
    job.metadata.creationTimestamp = "2026-01-01T00:09:30Z";
    assert.deepEqual(planRun(observe(deleting, { job })).finalizers, HELD);
    const overdue = planRun(observe(deleting, { job }, { now: NOW + 640_000 }));
    assert.deepEqual(overdue.finalizers, { [FINALIZER_WORKTREE]: false });
  });

  it("waits for an API server that is out of order, ten minutes at most", () => {
    const refusal = { reason: "CreationFailed", message: "failed calling webhook" } as const;
    const plan = planRun(observe(deleting, {}, { refusal }));
    assert.deepEqual(plan.finalizers, HELD);
    assert.match(JSON.stringify(plan.status?.conditions), /failed calling webhook/);
    const late = planRun(observe(deleting, {}, { refusal, now: NOW + 600_000 }));
    assert.deepEqual(late.finalizers, { [FINALIZER_WORKTREE]: false });
  });
});
