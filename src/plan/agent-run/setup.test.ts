import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../../api/agent-run.ts";
import type { ContainerStatus, Job, Pod } from "../../kube/builtin.ts";
import { initFailure } from "../jobs/init-failure.ts";
import { buildRunJob } from "../specs/run-job.ts";
import type { ObservedRun } from "./observed.ts";
import { planRun } from "./plan.ts";
import { resolveRun } from "./resolve.ts";
import { resolveVerify } from "./resolve-publish.ts";

const NOW = Date.parse("2026-01-01T00:20:00Z");
const secretKeyRef = { name: "s", key: "k" };

function observe(spec: Partial<AgentRun["spec"]> = {}, more: Partial<ObservedRun> = {}): ObservedRun {
  return {
    run: {
      metadata: { name: "demo", namespace: "team", uid: "u", generation: 1 },
      spec: {
        agent: "claude",
        repository: { url: "https://example.com/repo.git" },
        prompt: "Fix it",
        setup: { command: ["npm", "ci"] },
        provider: {
          authSecretRef: secretKeyRef,
          authTokenEnv: "GATEWAY_TOKEN",
          environment: { ANTHROPIC_BASE_URL: "http://gateway", PROVIDERS_OWN: "x" },
        },
        ...spec,
      },
    },
    references: { secrets: new Map([["s", ["k"]]]) },
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

function jobOf(observed: ObservedRun): Job {
  const resolution = resolveRun(observed);
  assert.ok("resolved" in resolution, JSON.stringify(resolution));
  return buildRunJob(resolution.resolved);
}

function podWith(setup: ContainerStatus["state"], status: Pod["status"] = {}): Pod {
  const statusOf = (name: string, state: ContainerStatus["state"]): ContainerStatus => ({
    name,
    ready: false,
    restartCount: 0,
    image: "i",
    imageID: "",
    state,
  });
  return {
    metadata: { name: "demo-x", namespace: "team", creationTimestamp: "2026-01-01T00:19:00Z" },
    spec: { activeDeadlineSeconds: 3600, nodeName: "node", containers: [] },
    status: {
      phase: "Pending",
      startTime: "2026-01-01T00:19:00Z",
      initContainerStatuses: [
        statusOf("git-clone", { terminated: { exitCode: 0, finishedAt: "2026-01-01T00:19:10Z" } }),
        statusOf("setup", setup),
      ],
      containerStatuses: [statusOf("agent", { waiting: { reason: "PodInitializing" } })],
      ...status,
    },
  };
}

function planWith(setup: ContainerStatus["state"], status: Pod["status"] = {}) {
  const observed = observe();
  observed.run.status = { phase: "Initializing", reason: "JobCreated", jobName: "demo" };
  const job = jobOf(observed);
  job.metadata.uid = "job";
  return planRun({ ...observed, job, pod: podWith(setup, status) });
}

describe("setup of a run", () => {
  it("comes from the run, else its workspace, else the AgentConfig", () => {
    const workspace = {
      metadata: { name: "ws", namespace: "team" },
      spec: { repository: { url: "https://example.com/repo.git" }, setup: { command: ["make", "ws"] } },
      status: { phase: "Ready" as const },
    };
    const config = {
      metadata: { name: "default" },
      spec: { defaultSetup: { command: ["make"], timeout: "2m" } },
    };
    const onWorkspace = { repository: undefined, workspaceRef: "ws", worktree: { branch: "b" } };
    const from = (spec: Partial<AgentRun["spec"]>, references: Partial<ObservedRun["references"]>) => {
      const secrets = new Map([["s", ["k"]]]);
      const resolution = resolveRun(observe(spec, { references: { secrets, ...references } }));
      assert.ok("resolved" in resolution);
      const { command, timeoutSeconds } = resolution.resolved.setup ?? {};
      return [command?.join(" "), timeoutSeconds, resolution.origins["setup"]?.from];
    };
    assert.deepEqual(from(onWorkspace, { workspace, config }), ["npm ci", 900, "AgentRun"]);
    const without = { ...onWorkspace, setup: undefined };
    assert.deepEqual(from(without, { workspace, config }), ["make ws", 900, "AgentWorkspace ws"]);
    assert.deepEqual(from({ setup: undefined }, { config }), ["make", 120, "AgentConfig default"]);
    assert.deepEqual(from({ setup: undefined }, {}), [undefined, undefined, undefined]);
  });

  it("has the variables of the AgentConfig and the run, and none that could carry a provider's key", () => {
    const env = [
      { name: "NPM_TOKEN", valueFrom: { secretKeyRef } },
      { name: "GATEWAY_TOKEN", value: "own" },
      { name: "ANTHROPIC_API_KEY", valueFrom: { secretKeyRef } },
      { name: "ANTHROPIC_AUTH_TOKEN", valueFrom: { secretKeyRef } },
      { name: "HTTPS_PROXY", value: "http://proxy" },
    ];
    const config = {
      metadata: { name: "default" },
      spec: {
        env: [
          { name: "LANG", value: "C" },
          { name: "OPENAI_API_KEY", value: "x" },
        ],
      },
    };
    const references = { config, secrets: new Map([["s", ["k"]]]) };
    const observed = observe(
      { env, verify: { command: ["make"], env: [{ name: "LANG", value: "en" }] } },
      { references },
    );
    const setup = jobOf(observed).spec.template.spec.initContainers?.at(-1);
    assert.equal(setup?.name, "setup");
    const own = (names: (string | undefined)[] = []): (string | undefined)[] =>
      names.filter((name) => !/^(HOME|TMPDIR|AGENT_|GIT_)/.test(name ?? ""));
    assert.deepEqual(own(setup.env?.map(({ name }) => name)).toSorted(), [
      "HTTPS_PROXY",
      "LANG",
      "NPM_TOKEN",
    ]);
    assert.deepEqual(setup.args, ["npm", "ci"]);
    const verify = resolveVerify(observed, "base")?.setup;
    assert.deepEqual(
      verify?.env.map(({ name }) => name),
      ["LANG", "NPM_TOKEN", "HTTPS_PROXY"],
    );
  });

  it("is shown while it is at work", () => {
    const { status } = planWith({ running: { startedAt: "2026-01-01T00:19:11Z" } });
    assert.deepEqual([status?.phase, status?.reason], ["Initializing", "SettingUp"]);
  });

  it("is named by a run whose time is over meanwhile", () => {
    const { status } = planWith(
      { terminated: { exitCode: 143, finishedAt: "2026-01-01T00:19:30Z" } },
      { phase: "Failed", reason: "DeadlineExceeded" },
    );
    assert.deepEqual([status?.phase, status?.reason], ["TimedOut", "DeadlineExceeded"]);
    assert.match(status?.message ?? "", /while setup was at work/);
  });

  const ends: [what: string, end: Parameters<typeof initFailure>[1], reason: string, message: RegExp][] = [
    [
      "an exit code that git's scripts use too",
      { exitCode: 65, message: "npm error" },
      "SetupFailed",
      /exit code 65; its last lines: npm error/,
    ],
    [
      "a timeout",
      { exitCode: 124, message: "waiting" },
      "SetupTimedOut",
      /stopped at its timeout; its last lines: waiting/,
    ],
    ["its memory", { exitCode: 137, reason: "OOMKilled" }, "OutOfMemory", /container setup used more memory/],
    [
      "no shell in the image",
      { exitCode: 128, reason: "StartError", message: "no /bin/sh" },
      "StartError",
      /container setup could not be started: no \/bin\/sh/,
    ],
  ];
  for (const [what, end, reason, message] of ends) {
    it(`fails by ${what} as ${reason}`, () => {
      const { status } = planWith({ terminated: { finishedAt: "2026-01-01T00:19:30Z", ...end } });
      assert.deepEqual([status?.phase, status?.reason], ["Failed", reason]);
      assert.match(status?.message ?? "", message);
    });
  }
});

describe("an additional repository that cannot be had", () => {
  const cases: [
    container: string,
    end: Parameters<typeof initFailure>[1],
    reason: string,
    message: string,
  ][] = [
    ["repo-clone-docs", { exitCode: 64, message: "no such branch" }, "CloneFailed", "no such branch"],
    ["repo-checkout-docs", { exitCode: 65, message: "full" }, "VolumeNotWritable", "full"],
    ["repo-token-docs", { exitCode: 1, message: "no answer" }, "GitHubTokenFailed", "no answer"],
    [
      "repo-clone-token-x",
      { exitCode: 137, reason: "OOMKilled" },
      "OutOfMemory",
      "container repo-clone-token-x used more memory than its limit",
    ],
  ];
  for (const [container, end, reason, message] of cases) {
    it(`is named by ${reason}`, () => {
      const name = container.replace(/^repo-[a-z]+-/, "");
      assert.deepEqual(initFailure(container, end), {
        phase: "Failed",
        reason,
        message: `additional repository ${name}: ${message}`,
      });
    });
  }
});

describe("services of a run", () => {
  it("are refused below Kubernetes 1.29, and run where the release is not known", () => {
    const services = [{ name: "db", image: "postgres:17" }];
    const secrets = new Map([["s", ["k"]]]);
    const on = (minor: number) =>
      resolveRun(observe({ services }, { references: { secrets, kubernetes: { major: 1, minor } } }));
    const old = on(28);
    assert.ok("obstacle" in old);
    assert.equal(old.obstacle.reason, "ServicesUnsupported");
    assert.match(old.obstacle.message, /need Kubernetes 1\.29 or newer, and the cluster is 1\.28/);
    assert.ok("resolved" in on(29));
    assert.ok("resolved" in resolveRun(observe({ services })));
  });

  it("start between git and setup, and wait for a Secret that they name", () => {
    const env = [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }];
    const services = [{ name: "db", image: "postgres:17", ports: [5432], env, emptyDirs: ["/data"] }];
    const waiting = resolveRun(observe({ services }));
    assert.ok("obstacle" in waiting);
    assert.match(
      waiting.obstacle.message,
      /Secret db, which holds variable PASSWORD of service db, does not/,
    );
    const secrets = new Map([
      ["s", ["k"]],
      ["db", ["password"]],
    ]);
    const { initContainers } = jobOf(observe({ services }, { references: { secrets } })).spec.template.spec;
    assert.deepEqual(
      initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
      [
        ["git-clone", undefined],
        ["service-db", "Always"],
        ["setup", undefined],
      ],
    );
    assert.deepEqual(initContainers[1]?.startupProbe?.tcpSocket, { port: 5432 });
    assert.equal(initContainers[1].terminationMessagePolicy, "File", "a password may be in its last lines");
  });
});

describe("caches of a run", () => {
  const cache = { name: "npm", mountPath: "/home/agent/.npm" };
  const planned = (spec: Partial<AgentRun["spec"]>, config?: ObservedRun["references"]["config"]) =>
    planRun(observe(spec, { references: { secrets: new Map([["s", ["k"]]]), ...(config && { config }) } }));

  it("are claims that are made before its Job, with the class of the AgentConfig, unless it wants none", () => {
    const config = { metadata: { name: "default" }, spec: { storageClass: "fast", defaultCaches: [cache] } };
    const names = (plan: ReturnType<typeof planned>) => plan.create.map(({ object }) => object.metadata.name);
    assert.deepEqual(names(planned({}, config)), ["demo-workspace", "cache-npm", "demo"]);
    assert.deepEqual(names(planned({ caches: [] }, config)), ["demo-workspace", "demo"]);
    const [, claim] = planned({}, config).create;
    assert.deepEqual((claim?.object as { spec?: unknown } | undefined)?.spec, {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "fast",
      resources: { requests: { storage: "10Gi" } },
    });
  });

  it("are refused beside a credential that the agent has, and if a verification names one that is none", () => {
    const exposed = { url: "https://example.com/repo.git", exposeCredentialsToAgent: true };
    const { status } = planned({ caches: [cache], repository: exposed });
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "Unsupported"]);
    const verify = { command: ["make"], caches: ["pip"] };
    assert.match(planned({ caches: [cache], verify }).status?.message ?? "", /names pip, which is none/);
  });

  it("are in a verification that names them, and in no other", () => {
    const used = (verify: { caches?: string[] }) =>
      resolveVerify(observe({ caches: [cache], verify: { command: ["make"], ...verify } }), "verify");
    assert.deepEqual(used({})?.caches, []);
    assert.deepEqual(used({})?.pod?.labels, undefined);
    assert.deepEqual(
      used({ caches: ["npm"] })?.caches?.map(({ name }) => name),
      ["npm"],
    );
  });
});

describe("an init container of which a child was killed for its memory", () => {
  const terminated = { exitCode: 0, reason: "OOMKilled", finishedAt: "2026-01-01T00:19:40Z" };

  it("has failed, as its node takes it, and the pod that would stay Pending is stopped", () => {
    const ended = planWith({ terminated });
    assert.deepEqual([ended.status?.phase, ended.status?.reason], ["Failed", "OutOfMemory"]);
    assert.equal(ended.status?.message, "container setup used more memory than its limit");
    const observed = observe();
    observed.run.status = ended.status;
    const job = jobOf(observed);
    job.metadata.uid = "job";
    const { patches, remove } = planRun({ ...observed, job, pod: podWith({ terminated }) });
    assert.deepEqual(
      [patches?.map(({ patch }) => patch), remove],
      [[{ spec: { activeDeadlineSeconds: 60 } }], []],
    );
    const stopped = podWith({ terminated }, { phase: "Failed", reason: "DeadlineExceeded" });
    assert.deepEqual(planRun({ ...observed, job, pod: stopped }).patches ?? [], []);
  });
});
