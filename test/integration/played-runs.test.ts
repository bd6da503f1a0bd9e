import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ANNOTATION_CANCEL } from "../../src/api/labels.ts";
import { annotateRun, NAMESPACE, play, type Played } from "../support/replay/play.ts";
import type { Answer } from "../support/replay/scripted-api.ts";

/** The node goes at 14.8 s; its pod is deleted at 69.8 s with 10 s of grace, and would come back at 90.6 s. */
const LOST = { untilMs: 90_000, afterMs: 60_000 };
/** The same, but nothing deletes the pod. */
const SILENT = { untilMs: 30_000, afterMs: 500_000 };

function said({ statuses }: Played): string[] {
  return statuses.map(({ status }) => `${status.phase} ${status.reason}`);
}

describe("a run whose node is lost", { timeout: 60_000 }, () => {
  it("ends soon after the grace of its pod's deletion, as what the pod says of it", async () => {
    const { statuses, interventions } = await play("node-not-ready", LOST);
    const { ms = 0, status } = statuses.at(-1) ?? {};
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "Evicted"]);
    assert.match(
      status?.message ?? "",
      /DeletionByTaintManager.*; node node-1 has not reported how it ended/,
    );
    assert.ok(ms > 79_000 + 25_000 && ms < 79_000 + 35_000, `after ${ms} ms`);
    assert.deepEqual(interventions, []);
  });

  it("is tried again, and nobody waits for the pod that is lost", async () => {
    const { run, writes } = await play("node-not-ready", {
      ...LOST,
      spec: { retry: { limit: 1, reasons: ["Evicted"] } },
    });
    const [attempt] = run?.status?.attempts ?? [];
    assert.equal(attempt?.reason, "Evicted");
    assert.equal(run?.status?.phase, "Initializing");
    const after = writes.filter(
      ({ resource, at }) => resource !== "events" && at > (writes[0]?.at ?? 0) + 60_000,
    );
    assert.deepEqual(
      after.map(({ method, resource }) => `${method} ${resource}`),
      // Recorded first; the claim is there already.
      ["PATCH agentruns", "DELETE jobs", "POST persistentvolumeclaims", "POST jobs", "PATCH agentruns"],
    );
    assert.match(JSON.stringify(after[1]?.body), /"propagationPolicy":"Background"/);
  });

  it("ends some time after its timeout where nobody deletes its pod", async () => {
    const { statuses, interventions } = await play("node-not-ready-alone-kept", SILENT);
    const { ms = 0, status } = statuses.at(-1) ?? {};
    assert.deepEqual([status?.phase, status?.reason], ["TimedOut", "DeadlineExceeded"]);
    assert.match(status?.message ?? "", /timeout of 300s passed.*node node-1 has not reported/);
    assert.ok(ms > 389_000 && ms < 395_000, `after ${ms} ms`);
    // Its agent may still be at work.
    assert.deepEqual(
      interventions.map(({ what }) => what),
      ["DELETE jobs"],
    );
  });

  it("can be cancelled", async () => {
    const cancel = { [ANNOTATION_CANCEL]: "true" };
    const { statuses, interventions } = await play("node-not-ready-alone-kept", {
      untilMs: 30_000,
      afterMs: 130_000,
      also: [{ ms: 40_000, happen: (api) => annotateRun(api, cancel) }],
    });
    const { ms = 0, status } = statuses.at(-1) ?? {};
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "Cancelled"]);
    assert.ok(ms > 128_000 && ms < 135_000, `after ${ms} ms`);
    const [stop, ...more] = interventions.map(({ what }) => what);
    assert.match(stop ?? "", /^PATCH pods .*"activeDeadlineSeconds":40\}/);
    assert.deepEqual(more, ["DELETE jobs"]);
  });
});

describe("the log of a run", { timeout: 60_000 }, () => {
  it("has a line for each phase, with controller, key and reason, and no message", async () => {
    const { logged, run } = await play("exit-3");
    const life = logged.filter(({ key }) => key === `${NAMESPACE}/${run?.metadata.name}`);
    assert.deepEqual(
      life.map(({ controller, phase, reason, message }) => [controller, phase, reason, message]),
      [
        ["agentrun", "Initializing", "JobCreated", "AgentRun is Initializing"],
        ["agentrun", "Running", "AgentRunning", "AgentRun is Running"],
        ["agentrun", "Failed", "AgentFailed", "AgentRun is Failed"],
      ],
    );
  });
});

describe("a run that is tried again", { timeout: 60_000 }, () => {
  it("has its attempt recorded before its Job, with pod and log, is replaced", async () => {
    const { run, writes } = await play("exit-3", { spec: { retry: { limit: 1, reasons: ["AgentFailed"] } } });
    const [attempt] = run?.status?.attempts ?? [];
    assert.deepEqual([attempt?.reason, attempt?.exitCode], ["AgentFailed", 3]);
    assert.match(attempt?.podName ?? "", /^demo-/);
    const removal = writes.findIndex(({ method, resource }) => method === "DELETE" && resource === "jobs");
    assert.match(JSON.stringify(writes.slice(0, removal)), /"attempts":\[\{/);
    assert.match(JSON.stringify(writes[removal]?.body), /"propagationPolicy":"Foreground"/);
  });
});

describe("a run whose Job is suspended", { timeout: 60_000 }, () => {
  it("says so, and by whom, and ends with its cancellation", async () => {
    const by = { manager: "kubectl-patch", operation: "Update", fieldsV1: { "f:spec": { "f:suspend": {} } } };
    const played = await play("suspended-resumed", {
      untilMs: 100,
      also: [
        {
          ms: 1_000,
          happen: (api) => {
            const job = api.get("jobs", "demo");
            assert.ok(job);
            const metadata = { ...job.metadata, managedFields: [by] };
            api.put("jobs", { ...job, metadata, spec: { suspend: true } } as typeof job);
          },
        },
        { ms: 30_000, happen: (api) => annotateRun(api, { [ANNOTATION_CANCEL]: "true" }) },
      ],
    });
    assert.deepEqual(said(played), ["Initializing JobCreated", "Initializing Queued", "Failed Cancelled"]);
    assert.equal(
      played.statuses[1]?.status.message,
      "Job demo is suspended by kubectl-patch; it starts when it is resumed",
    );
    assert.ok((played.statuses[1]?.ms ?? 0) < 11_000);
    assert.deepEqual(
      played.interventions.map(({ what }) => what),
      ["DELETE jobs"],
    );
  });
});

describe("a run whose queue takes its place back", { timeout: 60_000 }, () => {
  it("records the attempt once its agent has ended, and waits with another Job in the queue", async () => {
    const { statuses, run, writes } = await play("suspended-while-running", {
      spec: { queueName: "team" },
      untilMs: 30_000,
    });
    assert.deepEqual(said({ statuses } as Played).slice(0, 4), [
      "Initializing Queued",
      "Initializing JobCreated",
      "Running AgentRunning",
      "Initializing Queued",
    ]);
    const [attempt] = run?.status?.attempts ?? [];
    assert.deepEqual([attempt?.number, attempt?.reason], [1, "Preempted"]);
    const [made, removed] = writes.filter(({ resource }) => resource === "jobs");
    assert.match(JSON.stringify(made?.body), /"kueue.x-k8s.io\/queue-name":"team".*"suspend":true/);
    assert.deepEqual([made?.method, removed?.method], ["POST", "DELETE"]);
  });
});

describe("a run whose children cannot be created", { timeout: 60_000 }, () => {
  const message = 'failed calling webhook "gone.example.com": connect: connection refused';

  function refuseFor(tries: number, code: number): () => Answer | undefined {
    let left = tries;
    return () => {
      left -= 1;
      return left < 0
        ? undefined
        : { status: code, body: { kind: "Status", status: "Failure", code, message } };
    };
  }

  for (const code of [500, 503, 429, 418]) {
    it(`says what the API server answers (${code}) after the first try, once, and starts when it can`, async () => {
      const refuse = refuseFor(4, code);
      const played = await play("success", {
        untilMs: 0,
        admit: (resource) => (resource === "jobs" ? refuse() : undefined),
      });
      assert.deepEqual(said(played), ["Pending CreationFailed", "Initializing JobCreated"]);
      const [first] = played.statuses;
      assert.deepEqual([first?.ms, first?.status.message], [0, `Job demo cannot be created: ${message}`]);
      assert.equal(played.events.filter((event) => event.startsWith("CreationFailed")).length, 1);
    });
  }

  const owner = (uid: string) => ({
    apiVersion: "agent.xonovex.com/v1alpha1",
    kind: "AgentRun",
    name: "demo",
    uid,
  });
  const claim = { metadata: { name: "demo-workspace", namespace: NAMESPACE, uid: "claim" } };

  it("waits while the claim of its predecessor is still being removed", async () => {
    const ownerReferences = [{ ...owner("the-run-before"), controller: true }];
    const played = await play("success", {
      untilMs: 0,
      before: (api) =>
        api.put("persistentvolumeclaims", { metadata: { ...claim.metadata, ownerReferences } }),
      also: [{ ms: 10_000, happen: (api) => api.remove("persistentvolumeclaims", "demo-workspace") }],
    });
    assert.deepEqual(said(played), ["Pending WaitingForDeletion", "Initializing JobCreated"]);
    assert.match(
      played.statuses[0]?.status.message ?? "",
      /PersistentVolumeClaim demo-workspace of a predecessor/,
    );
    assert.ok((played.statuses[1]?.ms ?? 0) <= 12_500);
  });

  it("fails where the claim belongs to somebody else, or to nobody", async () => {
    const foreign = [
      { apiVersion: "apps/v1", kind: "StatefulSet", name: "demo", uid: "set", controller: true },
    ];
    for (const ownerReferences of [foreign, undefined]) {
      const played = await play("success", {
        untilMs: 0,
        before: (api) =>
          api.put("persistentvolumeclaims", { metadata: { ...claim.metadata, ownerReferences } }),
      });
      assert.deepEqual(said(played), ["Failed NameTaken"]);
    }
  });
});
