import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../kube/duration.ts";
import { parseQuantity } from "../kube/quantity.ts";
import { compileSchema } from "../kube/schema/compile.ts";
import { agentConfigKind } from "./agent-config.ts";
import { agentProviderKind } from "./agent-provider.ts";
import { agentRunKind } from "./agent-run.ts";
import { agentScheduleKind } from "./agent-schedule.ts";
import { agentWorkspaceKind } from "./agent-workspace.ts";
import { schemaOf } from "./schema/crd.ts";
import type { KindDefinition } from "./schema/kind.ts";

const compiled = new Map(
  [agentRunKind, agentWorkspaceKind, agentProviderKind, agentConfigKind, agentScheduleKind].map((kind) => [
    kind,
    compileSchema(schemaOf(kind)),
  ]),
);

/** What the schema of a kind finds wrong with an object of this spec. */
function errorsOf(kind: KindDefinition, spec: unknown): string[] {
  const schema = compiled.get(kind);
  assert.ok(schema);
  const object = { kind: kind.kind, apiVersion: "v", metadata: { name: "under-test" }, spec };
  const { unknownPaths } = schema.prune(object);
  const errors = schema.validate(schema.applyDefaults(object));
  return [...unknownPaths, ...errors.map(({ field, message }) => `${field}: ${message}`)];
}

const repository = { url: "https://github.com/org/repo.git" };

function runErrors(fields: Record<string, unknown>): string[] {
  return errorsOf(agentRunKind, { repository, prompt: "Do it", ...fields });
}

const URLS = [
  "https://github.com/org/repo.git",
  "https://user@dev.azure.com/org/project/_git/repo",
  "http://127.0.0.1:8080/repo",
  "https://[::1]:3000/a/b.git",
  "ssh://git@github.com/org/repo.git",
  "ssh://git@gitlab.example.com:2222/group/sub/repo.git",
  "git@github.com:org/repo.git",
  "host.example:/srv/git/repo.git",
  "git://example.com/repo.git",
  "file:///srv/git/repo.git",
  "https://example.com/~user/repo?x=1",
  "https://example.com/日本語.git",
  "https://bücher.example/org/repo.git",
  "https://例え.テスト:8443/repo",
  "https://user%40corp.example@dev.example/repo",
  "https://github.com:443/org/repo?x=a://b",
  "ssh://git@münchen.example/repo.git",
  "git+ssh://git@github.com/org/repo.git",
  "ssh+git://git@github.com:22/org/repo.git",
  "ssh://user@corp.example@gerrit.example:29418/repo",
  "user@corp.example@gerrit.example:repo",
  "ssh://git@[2001:db8::1]:22/repo",
  "ssh://host.example/~user/repo@v1",
  "[host.example]:org/repo.git",
  "[host.example:2222]:org/repo.git",
  "git@[host.example:2222]:/srv/repo.git",
  "[git@host.example:2222]:org/repo.git",
  "[::1]:repo.git",
  "git@[::1]:repo.git",
  "host.example:~user/repo",
];

for (const url of URLS) {
  test(`a repository at ${url} is accepted`, () => {
    assert.deepEqual(runErrors({ repository: { url } }), []);
  });
}

const BRANCHES = [
  "main",
  "feature/auth",
  "v1.2",
  "a-b_c",
  "users/jö/x",
  "refs",
  "a@b",
  "HEADS",
  "x.locked",
  "@x",
  "a".repeat(255),
  `feature/${"é".repeat(123)}`,
  "rtl/שלום",
  "🎉",
];

for (const branch of BRANCHES) {
  test(`a branch ${branch} is accepted`, () => {
    assert.deepEqual(runErrors({ repository: { ...repository, branch }, worktree: { branch } }), []);
  });
}

for (const timeout of ["1s", "90s", "30m", "1h", "1h30m", "720h", "2592000s", "0h5m", "1h0m0s"]) {
  test(`a timeout of ${timeout} is accepted and can be read`, () => {
    assert.deepEqual(runErrors({ timeout }), []);
    assert.ok((parseDuration(timeout) ?? 0) >= 1);
  });
}

for (const quantity of ["1", "500m", "0.5", ".5", "5.", "2Gi", "512Mi", "1e3", "1E3", "+1", "100k", "0"]) {
  test(`an amount of ${quantity} is accepted and can be read`, () => {
    assert.deepEqual(runErrors({ resources: { requests: { cpu: quantity } } }), []);
    assert.equal(parseQuantity(quantity).error, undefined);
  });
}

for (const [request, limit] of [
  ["500m", "0.5"],
  [1, "1000m"],
  ["2300m", "2.3"],
  ["1Gi", "1024Mi"],
  ["1.5Gi", 1610612736],
  [".5", "5."],
  ["+1", "1e0"],
  ["0", "1n"],
] as const) {
  test(`a request of ${request} below a limit of ${limit} is accepted`, () => {
    for (const name of ["cpu", "memory"])
      assert.deepEqual(
        runErrors({ resources: { requests: { [name]: request }, limits: { [name]: limit } } }),
        [],
      );
  });
}

for (const storageSize of ["10Gi", "1", "0.5Gi", "1e9", 1073741824]) {
  test(`a storage size of ${storageSize} is accepted`, () => {
    assert.deepEqual(errorsOf(agentWorkspaceKind, { repository, storageSize }), []);
  });
}

for (const image of ["node:24", "node", "localhost:5000/a/b@sha256:0123", "ghcr.io/org/agent:v1.0_x"]) {
  test(`an image ${image} is accepted`, () => assert.deepEqual(runErrors({ image }), []));
}

for (const model of ["sonnet", "claude-opus-4-8[1m]", "anthropic/claude-x", "us.anthropic.claude-v1:0"]) {
  test(`a model ${model} is accepted`, () => assert.deepEqual(runErrors({ model }), []));
}

test("a prompt of any content up to 100 KiB is accepted", () => {
  for (const prompt of [
    "-x",
    "/help",
    "$(HOME) $$",
    "'\"`\\",
    "日本語 🎉",
    "a\nb\u0001",
    "x".repeat(102400),
  ]) {
    assert.deepEqual(runErrors({ prompt }), []);
  }
});

test("variables of every kind are accepted", () => {
  const env = [
    { name: "LANG", value: "en_US.UTF-8" },
    { name: "EMPTY" },
    { name: "GIT_AUTHOR_NAME", value: "$(LANG)" },
    { name: "HTTPS_PROXY", valueFrom: { secretKeyRef: { name: "proxy", key: "url", optional: true } } },
    { name: "REGION", valueFrom: { configMapKeyRef: { name: "region", key: "name" } } },
    { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
    { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
  ];
  assert.deepEqual(runErrors({ env }), []);
});

test("a pod's fields are accepted", () => {
  const fields = {
    nodeSelector: { disktype: "ssd", "kubernetes.io/arch": "arm64", "example.com/empty": "" },
    tolerations: [
      { key: "gpu", value: "yes", effect: "NoSchedule" },
      { operator: "Exists" },
      { key: "x", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
    ],
    runtimeClassName: "gvisor",
    imagePullSecrets: [{ name: "registry" }],
    podSecurityContext: { runAsUser: 0, seccompProfile: { type: "Localhost", localhostProfile: "a.json" } },
  };
  assert.deepEqual(runErrors(fields), []);
});

test("a provider without a key, and one with everything, are accepted", () => {
  assert.deepEqual(errorsOf(agentProviderKind, {}), []);
  const spec = {
    displayName: "Local",
    agentTypes: ["claude", "opencode"],
    authTokenSecretRef: { name: "key", key: "token" },
    authTokenEnv: "MY_TOKEN",
    model: "local/llama",
    cliArgs: ["--max-turns", "5"],
    environment: { ANTHROPIC_BASE_URL: "http://$(GATEWAY):8080", GATEWAY: "localhost" },
  };
  assert.deepEqual(errorsOf(agentProviderKind, spec), []);
});

test("an AgentConfig may be empty", () => assert.deepEqual(errorsOf(agentConfigKind, {}), []));

test("shared volumes side by side, below home directories and below the system's are accepted", () => {
  const paths = [
    "/root/.claude",
    "/root/.claude-2",
    "/home/agent/.cache",
    "/data",
    "/opt/tools",
    "/var/cache/x",
  ];
  const sharedVolumes = paths.map((mountPath, index) => ({ name: `v${index}`, mountPath }));
  assert.deepEqual(errorsOf(agentWorkspaceKind, { repository, sharedVolumes }), []);
});

test("what CronJobs take for a schedule is accepted, and templates may be changed", () => {
  const runTemplate = { metadata: { labels: { a: "b" } }, spec: { repository, prompt: "Do it" } };
  const schedules = [
    "*/5 * * * *",
    "0 3 * * MON-Fri",
    "0,30 8-18/2 1,15 jan-mar ?",
    "5/15 0 31 12 sun,6",
    "@yearly",
  ];
  for (const schedule of schedules)
    for (const timeZone of ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires"])
      assert.deepEqual(errorsOf(agentScheduleKind, { schedule, timeZone, runTemplate }), [], schedule);
});
