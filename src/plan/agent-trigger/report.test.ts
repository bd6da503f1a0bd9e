import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { appPermissions } from "./app-permissions.ts";
import { refusedByFacts } from "./decide.ts";
import { factsOf } from "./facts.ts";
import { reportCommitOf, reportedCommit, reportStatus } from "./report.ts";

const NOW = Date.parse("2026-05-01T12:00:00Z");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

function aRun(name: string, status?: AgentRunStatus, commit = COMMIT, trigger = "t"): AgentRun {
  return {
    metadata: {
      name,
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
    [{ phase: "Initializing", reason: "Cloning" } as never, "pending", "Initializing (Cloning)"],
    [{ phase: "Running", reason: "Verifying", message: "@ann" }, "pending", "Running (Verifying)"],
    [{ phase: "Succeeded", reason: "Completed", message: "closes #1" }, "success", "Succeeded (Completed)"],
    [{ phase: "Failed", reason: "Cancelled" }, "failure", "Failed (Cancelled)"],
    [{ phase: "TimedOut", reason: "DeadlineExceeded" }, "failure", "TimedOut (DeadlineExceeded)"],
  ];
  for (const [status, state, said] of states)
    it(`is ${state} while it is ${said}`, () => {
      const description = `AgentRun r: ${said}`;
      assert.deepEqual(reportStatus(aRun("r", status)), { context: "agent-operator/t", state, description });
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

describe("a commit status that a run has set", () => {
  const own = "agent-operator/t";
  const pipeline = (...builds: [string, string][]) => ({
    object_kind: "pipeline",
    object_attributes: { sha: COMMIT, ref: "main", status: "failed" },
    project: { path_with_namespace: "org/repo" },
    builds: builds.map(([name, status]) => ({ name, status })),
  });
  const status = (context: string) => ({ context, sha: COMMIT, repository: { full_name: "org/repo" } });
  const cases = [
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

it("a GitHub App's token can do what the trigger's reports need", () => {
  const read = { metadata: "read", pull_requests: "read" };
  assert.deepEqual(appPermissions({}).permissions, read);
  assert.deepEqual(appPermissions({ report: { status: true } }).permissions, { ...read, statuses: "write" });
  assert.deepEqual(appPermissions({ report: { comment: true } }).permissions, {
    metadata: "read",
    pull_requests: "write",
    issues: "write",
  });
});
