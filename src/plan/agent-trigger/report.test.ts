import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { appPermissions } from "./app-permissions.ts";
import { refusedByFacts, refusedSuite } from "./decide.ts";
import { factsOf } from "./facts.ts";
import { reportCommitOf, reportedCommit, reportStatus } from "./report.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

function aRun(name: string, status?: AgentRunStatus, commit = COMMIT, trigger = "t"): AgentRun {
  return {
    metadata: {
      name,
      uid: `uid-of-${name}`,
      labels: { "agent.xonovex.com/trigger": trigger },
      annotations: { "agent.xonovex.com/report-commit": commit },
      creationTimestamp: "2026-05-01T11:00:00Z",
    },
    spec: { prompt: "Fix it" },
    ...(status && { status }),
  };
}

describe("a commit status about a run", () => {
  const states: [AgentRunStatus | undefined, string, string][] = [
    [undefined, "pending", "Pending"],
    [{ phase: "Initializing", reason: "Cloning" } as never, "running", "Initializing (Cloning)"],
    [{ phase: "Running", reason: "Verifying", message: "@ann" }, "running", "Running (Verifying)"],
    [{ phase: "Succeeded", reason: "Completed", message: "closes #1" }, "success", "Succeeded (Completed)"],
    [{ phase: "Failed", reason: "AgentFailed", message: "@ann" }, "failure", "Failed (AgentFailed)"],
    [{ phase: "Failed", reason: "Cancelled" }, "cancelled", "Failed (Cancelled)"],
    [{ phase: "TimedOut", reason: "DeadlineExceeded" }, "timedOut", "TimedOut (DeadlineExceeded)"],
  ];
  for (const [status, state, said] of states)
    it(`is ${state} while it is ${said}`, () => {
      const description = `AgentRun r: ${said}`;
      const its = { id: "uid-of-r", context: "agent-operator/t" };
      assert.deepEqual(reportStatus(aRun("r", status)), { ...its, state, description });
    });

  it("is about the newest run of its trigger for the commit, until an hour after its end", () => {
    const [older, newer] = [aRun("a"), aRun("b")];
    const others = [aRun("c", undefined, COMMIT, "other"), aRun("d", undefined, "f".repeat(40))];
    assert.equal(reportCommitOf(older, [older, newer, ...others], NOW), undefined);
    assert.equal(reportCommitOf(newer, [older, newer, ...others], NOW), COMMIT);
    const ended = aRun("a", { phase: "Failed", completionTime: "2026-05-01T10:59:00Z" });
    assert.equal(reportCommitOf(ended, [ended], NOW), undefined);
  });

  it("is on a commit, whatever an event calls one", () => {
    for (const text of ["0".repeat(40), "main", "../x", `${COMMIT}/..`, COMMIT.slice(1), "", undefined])
      assert.equal(reportedCommit(text), undefined);
    assert.equal(reportedCommit("e".repeat(64)), "e".repeat(64));
  });
});

describe("a commit status or check that a run has set", () => {
  const own = "agent-operator/t";
  const pipeline = (...builds: [string, string][]) => ({
    object_kind: "pipeline",
    object_attributes: { sha: COMMIT, ref: "main", status: "failed" },
    project: { path_with_namespace: "org/repo" },
    builds: builds.map(([name, status]) => ({ name, status })),
  });
  const status = (context: string) => ({ context, sha: COMMIT, repository: { full_name: "org/repo" } });
  const check = (name: string) => ({
    action: "completed",
    check_run: { name, head_sha: COMMIT, conclusion: "failure" },
    repository: { full_name: "org/repo" },
  });
  const cases = [
    ["GitHub", check(own), true],
    ["GitHub", check("build"), false],
    ["GitHub", status(own), true],
    ["GitHub", status("ci/build"), false],
    ["Gitea", status(own), true],
    ["GitLab", pipeline([own, "failed"], ["build", "success"]), true],
    ["GitLab", pipeline([own, "failed"], ["build", "failed"]), false],
    ["GitLab", pipeline(["build", "failed"]), false],
    ["GitLab", pipeline(), false],
  ] as const;
  for (const [source, event, isOwn] of cases)
    it(`${isOwn ? "starts none" : "is none"} at ${source}: ${JSON.stringify(event).slice(0, 150)}`, () => {
      const spec = {
        webhook: { source, secretRef: { name: "s", key: "k" } },
        repository: "org/repo",
        runTemplate: { spec: { prompt: "x" } },
      };
      const facts = factsOf(source, event);
      assert.equal(facts.commit, COMMIT);
      assert.equal(refusedByFacts(spec, facts, [])?.reason, isOwn ? "OwnEvent" : undefined);
      const asked = { ...spec, actors: { ownWork: true } };
      assert.equal(refusedByFacts(asked, facts, []), undefined);
    });
});

it("the check suite of the App that reports starts no run, unless that is asked for", () => {
  const check_suite = { head_sha: COMMIT, conclusion: "failure", app: { slug: "our-agents" } };
  const facts = factsOf("GitHub", { check_suite, repository: { full_name: "org/repo" } });
  assert.equal(refusedSuite({}, facts, "our-agents[bot]")?.reason, "OwnEvent");
  assert.equal(refusedSuite({ actors: { ownWork: true } }, facts, "our-agents[bot]"), undefined);
  for (const account of ["other[bot]", undefined]) assert.equal(refusedSuite({}, facts, account), undefined);
  assert.equal(refusedSuite({}, {}, undefined), undefined);
});

it("a GitHub App's token can do what the trigger's reports need", () => {
  const read = { metadata: "read", pull_requests: "read" };
  assert.deepEqual(appPermissions({}).permissions, read);
  assert.deepEqual(appPermissions({ report: { status: true } }).permissions, { ...read, checks: "write" });
  assert.deepEqual(appPermissions({ report: { comment: true } }).permissions, {
    metadata: "read",
    pull_requests: "write",
    issues: "write",
  });
});
