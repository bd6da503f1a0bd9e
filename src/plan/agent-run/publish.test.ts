import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { findCondition } from "../../api/conditions.ts";
import type { Reason } from "../../api/reasons.ts";
import type { Job, Pod } from "../../kube/builtin.ts";
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
    defaults: {
      gitImage: "git:1",
      agentImage: "agent:1",
      operatorImage: "operator:1",
      imagePullTimeoutSeconds: 300,
    },
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

describe("a run whose work is to become a pull request", () => {
  const url = "https://github.com/o/r.git";
  const publish = { credentialsSecretRef: { name: "push", key: "token" }, pullRequest: {} };
  const withPull = (step: ObservedStep = {}, spec: Partial<AgentRun["spec"]> = {}) =>
    observe(step, { spec: { repository: { url }, publish, ...spec } });

  /** As the node reports it when `push` has ended, and the container after it perhaps too. */
  function aPullPod(end?: Terminated): Pod {
    const pushed = { exitCode: 0, finishedAt: "2026-01-01T00:09:57Z", message: said({ commit: COMMIT }) };
    const image = { image: "x", imageID: "", ready: false, restartCount: 0 };
    const pod = aPod("push");
    const state = end
      ? { terminated: { finishedAt: "2026-01-01T00:09:58Z", ...end } }
      : { running: { startedAt: "2026-01-01T00:09:57Z" } };
    return {
      ...pod,
      status: {
        phase: end === undefined ? "Running" : end.exitCode === 0 ? "Succeeded" : "Failed",
        initContainerStatuses: [{ name: "push", ...image, state: { terminated: pushed } }],
        containerStatuses: [{ name: "pull-request", ...image, state }],
      },
    };
  }

  function taskOf({ create }: RunPlan): Record<string, unknown> {
    const job = create[0]?.object as Job | undefined;
    const task =
      job?.spec.template.spec.containers[0]?.env?.find(({ name }) => name === "AGENT_PULL_REQUEST")?.value ??
      "";
    return JSON.parse(task.replaceAll("$$", "$")) as Record<string, unknown>;
  }

  it("gets one whose texts do nothing, where nothing else is given", () => {
    const observed = withPull({}, { prompt: "Fix #1 for @ann\nand more" });
    const told = { ...ENDED, result: { text: "/merge\n<!-- x --> fixes #1" } };
    const task = taskOf(planRun({ ...observed, run: { ...observed.run, status: told } }));
    assert.deepEqual(
      [task["title"], task["branch"], task["base"], task["draft"], task["project"]],
      ["Fix \uFF031 for \uFF20ann", "agent/demo", undefined, true, "o/r"],
    );
    assert.match(
      String(task["body"]),
      /^The agent's last message:\n\n```text\n\u2215merge\n\u2039!-- x --> fixes \uFF031\n```\n/,
    );
  });

  it("gets the one that the user has described", () => {
    const pullRequest = {
      title: "T",
      body: "B @ann",
      base: "next",
      draft: false,
      labels: ["l"],
      reviewers: ["r"],
    };
    const task = taskOf(planRun(withPull({}, { publish: { ...publish, pullRequest } })));
    assert.deepEqual(
      { ...pullRequest, ...task, body: String(task["body"]).slice(0, 6) },
      { ...task, ...pullRequest },
    );
  });

  it("waits for each key of its GitHub App, and reports why there is no token of it", () => {
    const spec = { publish: { githubAppRef: { name: "app" }, pullRequest: {} } };
    const observed = withPull({}, spec);
    const secrets = new Map([["app", ["githubAppID", "githubAppInstallationID"]]]);
    const waiting = planRun({ ...observed, references: { ...observed.references, secrets } });
    assert.match(waiting.status?.message ?? "", /it waits: Secret app has no key githubAppPrivateKey/);
    const refusal = { reason: "GitHubAppRefused", message: "GitHub gives the App no token: 403: suspended" };
    const failed = aPullPod({ exitCode: 64, message: said(refusal) });
    const statuses = [{ ...failed.status?.containerStatuses?.[0], name: "token" }];
    const pod = {
      ...failed,
      status: { phase: "Failed", initContainerStatuses: statuses, containerStatuses: [] },
    } as Pod;
    const job = aJob("Failed", "PodFailurePolicy");
    const { status } = planRun(withPull({ job, pod }, spec));
    assert.deepEqual([status?.reason, status?.message], [refusal.reason, refusal.message]);
  });

  it("shows the pull request, or that the work is pushed all the same", () => {
    const link = "https://github.com/o/r/pull/7";
    const report = said({ commit: COMMIT, number: 7, url: link, problem: "x could not be added" });
    const done = planRun(withPull({ job: aJob(), pod: aPullPod({ exitCode: 0, message: report }) }));
    assert.deepEqual(outcome(done), ["Succeeded", "Completed", "True", "Published"]);
    assert.deepEqual(done.status?.published?.pullRequest, { number: 7, url: link });
    assert.match(done.status?.message ?? "", /pull request 7 is open; x could not be added$/);
    const refused = said({ reason: "PullRequestDenied", message: "403: no" });
    const failed = planRun(
      withPull({ job: aJob("Failed"), pod: aPullPod({ exitCode: 64, message: refused }) }),
    );
    assert.deepEqual(outcome(failed), ["Failed", "PullRequestDenied", "False", "PullRequestDenied"]);
    assert.deepEqual(failed.status?.published, {
      branch: "agent/demo",
      commit: COMMIT,
      time: "2026-01-01T00:09:57Z",
    });
    const atWork = planRun(withPull({ job: aJob(), pod: aPullPod() }));
    assert.equal(atWork.status?.phase, "Running");
  });

  it("fails before its agent if the workspace's forge is not known", () => {
    const spec = { repository: undefined, workspaceRef: "ws", worktree: { branch: "b" } };
    for (const [remote, given, message] of [
      ["https://git.example.com/o/r", { ...publish, pullRequest: {} }, /set publish\.pullRequest\.forge/],
      ["git@git.example.com:o/r", { ...publish, pullRequest: { forge: "Gitea" } }, /tokenSecretRef/],
      [
        "git@github.com:o/r",
        { githubAppRef: { name: "app" } },
        /githubAppRef needs a repository with an https URL/,
      ],
      ["https://github.com/o", { githubAppRef: { name: "app" } }, /githubAppRef needs a repository/],
    ] as const) {
      const observed = withPull({}, { ...spec, publish: given });
      const workspace = {
        metadata: { name: "ws", namespace: "team", uid: "w" },
        spec: { repository: { url: remote } },
        status: { phase: "Ready" as const },
      };
      const run = { ...observed.run, status: undefined };
      const references = { ...observed.references, workspace };
      const plan = planRun({ ...observed, run, references });
      assert.equal(plan.status?.reason, "ProviderRequired");
      const provider = { environment: { ANTHROPIC_BASE_URL: "http://m" } };
      const provided = planRun({ ...observed, run: { ...run, spec: { ...run.spec, provider } }, references });
      assert.equal(provided.status?.reason, "ForgeUnknown", provided.status?.message);
      assert.match(provided.status?.message ?? "", message);
    }
  });
});
