import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { githubPayloads } from "./support/deliveries.ts";
import type { AgentRun } from "../src/api/agent-run.ts";
import type { AgentTriggerSpec } from "../src/api/agent-trigger.ts";
import { forkRefused, judgeActor, projectOf, refusedByFacts } from "../src/plan/agent-trigger/decide.ts";
import { factsOf } from "../src/plan/agent-trigger/facts.ts";

const spec: AgentTriggerSpec = {
  webhook: { source: "GitHub", secretRef: { name: "s", key: "k" } },
  runTemplate: {
    spec: { prompt: "p", repository: { url: "https://github.com/Codertocat/Hello-World.git" } },
  },
};

describe("what a payload of GitHub is about", () => {
  const [issue] = githubPayloads("issues", "labeled");
  const [check] = githubPayloads("check_run", "completed");
  const [pull] = githubPayloads("pull_request", "opened");
  const [comment] = githubPayloads("issue_comment", "created");

  it("issue, check, pull request, comment", () => {
    assert.deepEqual(factsOf("GitHub", issue), {
      repository: "Codertocat/Hello-World",
      comment: undefined,
      number: 1,
      isFork: false,
      actor: { name: "Codertocat", isBot: false },
    });
    assert.deepEqual(
      [factsOf("GitHub", check)].map(({ pullRequest, isFork, commit, branch }) => [
        pullRequest,
        isFork,
        commit,
        branch,
      ]),
      [[2, false, "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "changes"]],
    );
    assert.deepEqual(
      [factsOf("GitHub", pull)].map(({ pullRequest, isFork, branch, about }) => [
        pullRequest,
        isFork,
        branch,
        about,
      ]),
      [[2, false, "changes", "pullRequest"]],
    );
    const on = { ...comment, issue: { number: 4, pull_request: { url: "u" } } };
    assert.deepEqual(
      [factsOf("GitHub", on)].map(({ pullRequest, isFork }) => [pullRequest, isFork]),
      [[4, undefined]],
    );
  });

  it("nothing of what has other types than it should", () => {
    for (const event of [
      {},
      { sender: "x", issue: 1, pull_request: [], ref: {}, check_run: null, repository: "a/b" },
    ])
      for (const source of ["GitHub", "GitLab", "Gitea"] as const)
        assert.equal(factsOf(source, event).repository, undefined);
  });
});

describe("what a payload of GitLab is about", () => {
  const base = {
    project: { path_with_namespace: "group/sub/project" },
    user: { username: "ann", id: 5 },
  };
  const merge = {
    iid: 3,
    source_project_id: 1,
    target_project_id: 1,
    source_branch: "b",
    last_commit: { id: "c" },
  };
  it("merge request, note, push", () => {
    const opened = factsOf("GitLab", { ...base, object_kind: "merge_request", object_attributes: merge });
    assert.deepEqual(
      [opened.pullRequest, opened.isFork, opened.commit, opened.actor],
      [3, false, "c", { name: "ann", id: 5, isBot: false }],
    );
    const note = {
      ...base,
      object_kind: "note",
      object_attributes: { note: "/agent x" },
      merge_request: merge,
    };
    assert.deepEqual([factsOf("GitLab", note).pullRequest, factsOf("GitLab", note).comment], [3, "/agent x"]);
    const fork = { ...note, merge_request: { ...merge, source_project_id: 2 } };
    assert.equal(factsOf("GitLab", fork).isFork, true);
    const bot = {
      object_kind: "push",
      user_username: "project_1_bot_abc",
      user_id: 9,
      ref: "refs/heads/b",
      after: "c",
    };
    assert.deepEqual(factsOf("GitLab", bot).actor, { name: "project_1_bot_abc", id: 9, isBot: true });
  });
});

describe("an event starts nothing", () => {
  const facts = factsOf("GitHub", githubPayloads("pull_request", "opened")[0]);
  const run = (status: AgentRun["status"]): AgentRun => ({
    metadata: { name: "r" },
    spec: { prompt: "p", publish: { branch: "changes", credentialsSecretRef: { name: "s", key: "k" } } },
    ...(status && { status }),
  });
  const published = { branch: "changes", commit: facts.commit ?? "" };
  const cases: [string, AgentRun["status"], string | undefined][] = [
    [
      "while a run publishes that branch",
      { phase: "Running", agentEndedAt: "2026-01-01T00:00:00Z" },
      "OwnEvent",
    ],
    [
      "if a run has published its commit just now",
      { phase: "Succeeded", published, completionTime: facts.changedAt ?? "" } as never,
      "OwnEvent",
    ],
    [
      "but if somebody has changed the pull request later",
      { phase: "Succeeded", published, completionTime: "2019-01-01T00:00:00Z" } as never,
      undefined,
    ],
    ["but if the run's agent is still at work", { phase: "Running" }, undefined],
    [
      "but if it is another commit",
      {
        phase: "Succeeded",
        published: { ...published, commit: "other" },
        completionTime: facts.changedAt,
      } as never,
      undefined,
    ],
  ];
  for (const [name, status, reason] of cases)
    it(name, () => assert.equal(refusedByFacts(spec, facts, [run(status)])?.reason, reason));

  it("for a run's own comment, or another repository", () => {
    const comment = { ...facts, about: undefined, comment: "x <!-- agent-operator run=1 -->" };
    assert.equal(refusedByFacts(spec, comment, [])?.reason, "OwnEvent");
    assert.equal(refusedByFacts({ ...spec, actors: { ownWork: true } }, comment, []), undefined);
    assert.equal(
      refusedByFacts(spec, { ...facts, repository: "Codertocat/hello-world2" }, [])?.reason,
      "OtherRepository",
    );
    assert.equal(projectOf({ ...spec, repository: "a/b" }), "a/b");
    const unnamed = { spec: { prompt: "p", repository: { url: "https://git.example.com/repo.git" } } };
    assert.equal(
      refusedByFacts({ ...spec, runTemplate: unnamed }, facts, [])?.reason,
      "OtherRepository",
      "nothing is let through because nothing says which repository counts",
    );
  });

  it("for bots without a name, and for those of whom nobody knows", () => {
    const bot = { name: "ci[bot]", isBot: true };
    assert.equal(typeof judgeActor({}, bot), "object");
    assert.equal(judgeActor({ actors: { bots: ["CI[bot]"] } }, bot), "allowed");
    assert.equal(typeof judgeActor({ actors: { permission: "Any" } }, bot), "object");
    assert.equal(typeof judgeActor({ actors: { users: ["ci[bot]"] } }, bot), "object");
    assert.equal(typeof judgeActor({}, undefined), "object");
    assert.equal(judgeActor({}, { name: "ann", isBot: false }), "ask");
    assert.equal(judgeActor({ actors: { users: ["ann"] } }, { name: "ann", isBot: false }), "allowed");
    assert.equal(forkRefused(undefined)?.reason, "ForkRefused");
  });
});
