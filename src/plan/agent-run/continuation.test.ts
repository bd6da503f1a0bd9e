import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunSpec, AgentRunStatus } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import { placeOf, withContinued } from "../place.ts";
import { turnOf } from "../places.ts";
import { branchOf } from "../places.ts";
import { alsoOwnedByRun, ownedByRun } from "../specs/owner.ts";
import { continuationStep } from "./continuation.ts";
import type { ObservedContinuation, ObservedRun } from "./observed.ts";
import { planRun } from "./plan.ts";
import { resolveRun } from "./resolve.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const url = "https://example.com/repo.git";

function aRun(name: string, spec: Partial<AgentRunSpec> = {}, status?: AgentRunStatus): AgentRun {
  const metadata = { name, namespace: "team", uid: `${name}-uid`, generation: 1 };
  return { metadata, spec: { agent: "claude", prompt: "Fix it", repository: { url }, ...spec }, status };
}

const ENDED: AgentRunStatus = {
  phase: "Failed",
  agent: "claude",
  startedAt: "2026-01-01T00:00:00Z",
  result: { sessionId: "s-1" },
};
const FIRST = aRun(
  "first",
  {
    additionalRepositories: [{ name: "docs", url: "https://example.com/docs.git" }],
    publish: { branch: "mine", credentialsSecretRef: { name: "push", key: "token" } },
  },
  ENDED,
);

function next(spec: Partial<AgentRunSpec> = {}, status?: AgentRunStatus): AgentRun {
  const { agent: _, repository: __, ...own } = aRun("next").spec;
  const run = { ...aRun("next"), spec: { ...own, continueFrom: { run: "first" }, ...spec }, status };
  return withContinued(run);
}

function observe(
  run: AgentRun,
  continuation?: ObservedContinuation,
  more: Partial<ObservedRun> = {},
): ObservedRun {
  return {
    run,
    references: { secrets: new Map([["push", ["token"]]]) },
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
    continuation,
    now: NOW,
    ...more,
  };
}

/** As the operator does it: plan by plan, each on the status that the one before has written. */
function taken(source: AgentRun, spec: Partial<AgentRunSpec> = {}, workspace?: AgentWorkspace): AgentRun {
  const { status } = planRun(observe(next(spec), { run: source, workspace }));
  assert.ok(status?.continued, status?.message);
  return next(spec, status);
}

function aClaim(...owners: OwnerReference[]): KubeObject {
  return { metadata: { name: "first-workspace", uid: "c", resourceVersion: "7", ownerReferences: owners } };
}
const OF_FIRST = ownedByRun({ name: "first", uid: "first-uid" });
const OF_NEXT = alsoOwnedByRun({ name: "next", uid: "next-uid" });
const withEnv = { providerRef: undefined, env: [{ name: "ANTHROPIC_API_KEY", value: "x" }] };

function whyNot(run: AgentRun, continuation: ObservedContinuation): [string | undefined, string | undefined] {
  const { status } = planRun(observe(run, continuation));
  return [status?.phase, status?.reason];
}

describe("a run that continues another one", () => {
  it("waits for that one's end, and takes over what it has left", () => {
    const waits = ["Pending", "WaitingForDependency"];
    assert.deepEqual(whyNot(next(), {}), waits);
    assert.deepEqual(whyNot(next(), { run: { ...FIRST, status: { phase: "Running" } } }), waits);
    const cleaned = { workspaceRef: "ws", worktree: { branch: "b", cleanup: "OnSuccess" as const } };
    const done = aRun("first", cleaned, { ...ENDED, phase: "Succeeded" });
    assert.deepEqual(whyNot(next(), { run: done }), waits, "its worktree is about to be removed");
    assert.deepEqual(taken(FIRST).status?.continued, {
      run: "first",
      uid: "first-uid",
      checkout: { run: "first", uid: "first-uid" },
      leftBy: "first",
      sessionId: "s-1",
      agent: "claude",
      command: undefined,
      repository: { url },
      additionalRepositories: [{ name: "docs", url: "https://example.com/docs.git" }],
      workspaceRef: undefined,
      worktree: undefined,
      publishBranch: "mine",
      published: undefined,
    });
  });

  it("ends if the work is gone or going", () => {
    const deletionTimestamp = "2026-01-01T00:09:00Z";
    const going = { ...FIRST, metadata: { ...FIRST.metadata, deletionTimestamp } };
    const goingClaim = { metadata: { ...aClaim(OF_FIRST).metadata, deletionTimestamp } };
    const run = taken(FIRST);
    const gone = ["Failed", "SourceGone"];
    assert.deepEqual(whyNot(next(), { run: going }), gone);
    assert.deepEqual(
      whyNot(next(), { run: aRun("first", { continueFrom: { run: "x" } }, ENDED) }),
      gone,
      "it had none",
    );
    assert.deepEqual(whyNot(run, { run: FIRST }), gone, "no claim");
    assert.deepEqual(whyNot(run, { run: FIRST, claim: goingClaim }), gone);
    assert.deepEqual(whyNot(run, { run: going, claim: aClaim(OF_FIRST) }), gone);
    assert.deepEqual(whyNot(run, { claim: aClaim(OF_FIRST) }), gone);
    const successor = aRun("first", {}, ENDED);
    successor.metadata.uid = "another";
    assert.deepEqual(
      whyNot(run, { run: successor, claim: aClaim(OF_FIRST) }),
      gone,
      "a run of the same name",
    );
    const foreign = ownedByRun({ name: "first", uid: "another" });
    assert.deepEqual(whyNot(run, { run: FIRST, claim: aClaim(foreign) }), gone, "another one's claim");
    assert.equal(continuationStep(observe(run, { claim: aClaim(OF_NEXT) })), undefined, "once it is its own");
  });

  it("becomes an owner of the claim before it starts, at the version that was read", () => {
    const plan = planRun(observe(taken(FIRST), { run: FIRST, claim: aClaim(OF_FIRST) }));
    assert.equal(plan.create.length, 0);
    assert.deepEqual(plan.patches?.[0]?.patch.metadata, {
      ownerReferences: [OF_FIRST, OF_NEXT],
      resourceVersion: "7",
    });
    assert.deepEqual([OF_NEXT.controller, OF_NEXT.blockOwnerDeletion], [false, false]);
    const ready = observe(taken(FIRST, withEnv), { claim: aClaim(OF_FIRST, OF_NEXT) });
    assert.deepEqual(
      planRun(ready).create.map(({ type }) => type.kind),
      ["Job"],
      "and makes no claim",
    );
    const busy = planRun({ ...ready, continuation: { ...ready.continuation, busyPod: "first-x" } });
    assert.equal(busy.status?.reason, "Queued");
    assert.deepEqual(busy.create, []);
  });

  it("goes on in the session, unless that is Fresh, another agent's, or was not kept", () => {
    const claim = aClaim(OF_FIRST, OF_NEXT);
    const resolved = (run: AgentRun) => {
      const resolution = resolveRun(observe(run, { claim }));
      return "obstacle" in resolution ? resolution.obstacle.reason : resolution.resolved;
    };
    const kept = resolved(taken(FIRST, withEnv));
    assert.ok(typeof kept === "object");
    assert.deepEqual([kept.resumeSession, kept.isInterrupted, kept.leftBy], ["s-1", undefined, "first"]);
    const fresh = resolved(taken(FIRST, { ...withEnv, continueFrom: { run: "first", session: "Fresh" } }));
    assert.ok(typeof fresh === "object");
    assert.equal(fresh.resumeSession, undefined);
    assert.equal(resolved(taken(FIRST, { ...withEnv, agent: "codex" })), "Unsupported");
    const another = {
      ...withEnv,
      agent: "codex" as const,
      continueFrom: { run: "first", session: "Fresh" as const },
    };
    const codex = taken(FIRST, { ...another, env: [{ name: "OPENAI_API_KEY", value: "x" }] });
    assert.equal(typeof resolved(codex), "object");
    const again = taken(FIRST, withEnv);
    const attempt = { number: 1, reason: "Overloaded", result: { sessionId: "s-2" } };
    const retried = resolved({
      ...again,
      status: { ...again.status, phase: "Initializing", attempts: [attempt] },
    });
    assert.ok(typeof retried === "object");
    assert.deepEqual([retried.resumeSession, retried.isInterrupted], ["s-2", true]);
  });

  it("shares the checkout with all that continue the first one, one at a time", () => {
    const second = taken(FIRST);
    const third = aRun("third", { repository: undefined, continueFrom: { run: "next" } });
    const left: AgentRunStatus = { ...ENDED, ...second.status, phase: "TimedOut", startedAt: undefined };
    const { status } = planRun(observe(third, { run: { ...second, status: left } }));
    assert.deepEqual(placeOf({ ...third, status }), { name: "first", uid: "first-uid" });
    assert.equal(status?.continued?.leftBy, "first", "its agent has never worked");
    const run = withContinued({ ...third, status });
    const [a, b] = [second, run].map((each) => ({
      name: each.metadata.name ?? "",
      createdAt: "",
      ...branchOf(each),
    }));
    assert.ok(a && b && a.branch === b.branch);
    const limits = [{ kind: "Branch" as const, name: a.branch ?? "", maxRunning: 1 }];
    assert.ok(turnOf("third", { limits, holders: [a], waiting: [b] }));
  });

  it("publishes to the branch of the first, and needs no provider for the steps alone", () => {
    const publish = { credentialsSecretRef: { name: "push", key: "token" } };
    const run = taken(FIRST, { prompt: undefined, publish });
    assert.equal(run.spec.publish?.branch, "mine");
    const { status } = planRun(observe(run, { claim: aClaim(OF_NEXT) }));
    assert.deepEqual([status?.phase, status?.reason, status?.agent], ["Running", "Publishing", "claude"]);
    const [job] = planRun(observe(next(run.spec, status), undefined, { step: {} })).create;
    assert.equal(job?.object.metadata.name, "next-publish");
    assert.match(JSON.stringify(job.object), /"claimName":"first-workspace"/);
    assert.match(JSON.stringify(job.object), /"AGENT_RUN_UID=first-uid"|"value":"first-uid"/);
    const other = next(run.spec, run.status);
    other.metadata = { ...other.metadata, name: "other", uid: "other-uid" };
    other.status = {
      phase: "Succeeded",
      ...other.status,
      published: { branch: "mine", commit: "d".repeat(40), time: "2026-01-01T00:00:00Z" },
    };
    const [after] = planRun(
      observe(next(run.spec, status), undefined, { step: { runsOfPlace: [other] } }),
    ).create;
    assert.match(
      JSON.stringify(after?.object),
      /AGENT_PUBLISHED[^}]*d{40}/,
      "what another continuation has pushed",
    );
    const proposed = taken(FIRST, { prompt: undefined, publish: { ...publish, pullRequest: {} } });
    const refused = planRun(observe(proposed, { claim: aClaim(OF_NEXT) }));
    assert.equal(refused.status?.reason, "ForgeUnknown", "nor is it pushed without the pull request");
  });

  it("keeps the worktree of a workspace for itself", () => {
    const workspace = { metadata: { name: "ws", uid: "w" }, status: { phase: "Ready" } } as AgentWorkspace;
    const first = aRun(
      "first",
      { repository: undefined, workspaceRef: "ws", worktree: { branch: "b" } },
      ENDED,
    );
    const run = taken(first, withEnv, workspace);
    assert.equal(branchOf(run).branch, "branch b of AgentWorkspace ws");
    const other = { metadata: { name: "ws", uid: "w2" } } as AgentWorkspace;
    assert.deepEqual(
      whyNot(run, { workspace: other }),
      ["Failed", "SourceGone"],
      "a workspace of the same name",
    );
    const again = aRun("first", { ...first.spec, ...withEnv });
    again.metadata.uid = "another";
    const references = { workspace, workspaceRuns: [run, again], secrets: new Map() };
    const resolution = resolveRun(observe(again, undefined, { references }));
    assert.ok("obstacle" in resolution);
    assert.equal(resolution.obstacle.reason, "NameTaken");
    assert.match(resolution.obstacle.message, /^AgentRun next continues the work/);
  });

  it("waits for itself by no way", () => {
    const cycle = ["next", "first", "next"];
    const references = { secrets: new Map(), cycle };
    const { status } = planRun(observe(next(), { run: aRun("first") }, { references }));
    assert.equal(status?.reason, "DependencyCycle");
  });
});
