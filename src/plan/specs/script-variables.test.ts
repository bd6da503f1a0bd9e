import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGENT_TYPES } from "../../api/agent-types.ts";
import type { PodSpec } from "../../kube/builtin.ts";
import type { ResolvedRepository, ResolvedRun } from "../resolved-run.ts";
import { buildArtifactsPod } from "./artifacts-pod.ts";
import { buildCleanupJob } from "./cleanup-job.ts";
import { gitResources } from "./git-resources.ts";
import { buildPublishJob } from "./publish-job.ts";
import { buildRunJob } from "./run-job.ts";
import { SCRIPT_VARIABLE_FAMILIES, SCRIPT_VARIABLES } from "./script-variables.ts";
import { type ScriptVariable } from "./script-variable.ts";
import { buildVerifyJob } from "./verify-job.ts";
import { buildWorkspaceJob } from "./workspace-job.ts";

const SCRIPTS = join(import.meta.dirname, "../../../images/agent/scripts");
const TABLE: Readonly<Record<string, ScriptVariable>> = { ...SCRIPT_VARIABLES, ...SCRIPT_VARIABLE_FAMILIES };

/** The row of the table that a variable belongs to, or its own name if it has none. */
function rowOf(name: string): string {
  if (Object.hasOwn(TABLE, name)) return name;
  return Object.keys(SCRIPT_VARIABLE_FAMILIES).find((prefix) => name.startsWith(prefix)) ?? name;
}

/** For each row, in which places it was found, both in order. */
function tableOf(found: Iterable<readonly [name: string, place: string]>): Record<string, string[]> {
  const places = new Map<string, Set<string>>();
  for (const [name, place] of found) {
    const row = rowOf(name);
    places.set(row, (places.get(row) ?? new Set()).add(place));
  }
  return Object.fromEntries(
    [...places]
      .map(([row, set]) => [row, [...set].toSorted()] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function expected(part: (row: ScriptVariable) => readonly string[]): Record<string, string[]> {
  return tableOf(
    Object.entries(TABLE).flatMap(([name, row]) => part(row).map((place) => [name, place] as const)),
  );
}

test("the scripts use the variables of the table, each in the files that it names, and no other", () => {
  const used = readdirSync(SCRIPTS).flatMap((file) => {
    const code = readFileSync(join(SCRIPTS, file), "utf8").replaceAll(/^\s*#.*$/gm, "");
    return [...code.matchAll(/\bAGENT_[A-Z0-9_]+/g)].map(([name]) => [name, file] as const);
  });
  assert.deepEqual(
    tableOf(used),
    expected(({ usedBy }) => usedBy),
  );
});

test("the operator gives the variables of the table, each to the containers that it names, and no other", () => {
  assert.deepEqual(
    tableOf(given()),
    expected((row) => row.given),
  );
});

const secret = { name: "secret", key: "key" };
const repository: ResolvedRepository = {
  url: "https://example.com/r.git",
  branch: "main",
  commit: "0".repeat(40),
  credentials: secret,
  caBundle: secret,
  submodules: true,
  exposeCredentialsToAgent: true,
};
const env = [
  { name: "PROXY_HOST", value: "proxy" },
  { name: "HTTPS_PROXY", value: "http://$(PROXY_HOST)" },
];
const full: ResolvedRun = {
  namespace: "team",
  name: "fix-bug",
  uid: "uid-1",
  agent: "claude",
  prompt: "do it",
  feedback: "no",
  systemPrompt: "be brief",
  sharedInstructions: { text: "use spaces" },
  instructions: { text: "use tabs" },
  skills: [{ name: "notes", configMapRef: { name: "notes" } }],
  mcpServers: [
    {
      name: "tools",
      url: "https://example.com",
      headers: [{ name: "key", secretKeyRef: secret }],
    },
  ],
  model: "model",
  args: [],
  setup: {
    command: ["make"],
    timeoutSeconds: 60,
    env: [{ name: "TOKEN", valueFrom: { secretKeyRef: secret } }],
  },
  dependsOn: ["other"],
  volumes: {
    volumes: [{ name: "token", secret: { secretName: "token" } }],
    mounts: [{ name: "token", mountPath: "/token" }],
  },
  hasEvent: true,
  env,
  repository,
  additional: [{ ...repository, name: "docs" }],
  worktree: { branch: "a", sourceBranch: "b", releasedBy: ["x"] },
  caBundle: secret,
  image: "agent:1",
  gitImage: "git:1",
  gitResources: gitResources(),
  timeoutSeconds: 60,
  stallSeconds: 30,
  keepSession: true,
  resumeSession: "s",
  trustRepositoryConfig: false,
  gitIdentity: { name: "Agent", email: "agent@example.com" },
  storage: { className: "fast", size: "1Gi" },
};

/** Runs that have, between them, everything that a run can have. */
function runs(): ResolvedRun[] {
  const { prompt: _, repository: __, ...withoutPrompt } = full;
  return AGENT_TYPES.flatMap((agent): ResolvedRun[] => {
    const variable = agent === "custom" ? "AGENT_API_KEY" : "OPENAI_API_KEY";
    const provider = { name: "p", environment: {}, cliArgs: [], token: { variable, secret } };
    const own = { agent, provider, ...(agent === "custom" && { command: ["program"] }) };
    return [
      { ...full, ...own },
      { ...full, ...own, place: { name: "first", uid: "u0" }, leftBy: "first", isInterrupted: true },
      {
        ...withoutPrompt,
        ...own,
        promptFrom: { secret },
        sharedInstructions: { configMap: secret },
        instructions: { configMap: secret },
        workspace: {
          name: "ws",
          claimName: "ws-ws",
          repository,
          sharedVolumes: [".claude", ".codex", ".gemini", ".local/share"].map((directory, index) => ({
            name: `shared-${index}`,
            claimName: `shared-${index}`,
            mountPath: `/root/${directory}`,
          })),
          accessMode: "ReadWriteMany" as const,
        },
      },
    ];
  });
}

function* given(): Generator<readonly [name: string, group: string]> {
  for (const run of runs()) {
    const job = buildRunJob(run);
    yield* namesOf(job.spec.template.spec, "git");
    const object = {
      metadata: { name: run.name, namespace: "team", uid: run.uid },
      spec: { prompt: "x", additionalRepositories: [{ name: "docs", url: "https://example.com/d" }] },
    };
    const artifacts = buildArtifactsPod({
      run: object,
      job,
      podName: "p",
      gitImage: "git:1",
      wanted: ["patch"],
    });
    yield* namesOf(artifacts.spec, "artifacts");
  }
  const workspace = { namespace: "team", name: "ws", uid: "uid-ws", accessMode: "ReadWriteMany" as const };
  const git = { gitImage: "git:1", gitResources: gitResources() };
  const setup = {
    ...workspace,
    ...git,
    repository,
    env,
    storageClass: "fast",
    storageSize: "1Gi",
    sharedVolumes: [],
    origin: "",
  };
  yield* namesOf(buildWorkspaceJob(setup).spec.template.spec, "workspace");
  const task = { project: "o/r", host: "example.com", permissions: { contents: "read" as const } };
  const githubApp = { secret: "app", image: "operator:1", task };
  const byApp = { ...setup, repository: { ...repository, credentials: undefined, githubApp } };
  yield* namesOf(buildWorkspaceJob(byApp).spec.template.spec, "workspace");
  const verify = buildVerifyJob({
    ...git,
    run: { namespace: "team", name: "fix-bug", uid: "uid-1" },
    step: "base",
    attempt: "1",
    additional: ["docs"],
    setup: full.setup,
    command: ["make"],
    image: "agent:1",
    timeoutSeconds: 60,
    commit: { name: "A", email: "a@example.com", message: "m", seconds: 1 },
    env: [],
    network: [],
  }).spec.template.spec;
  yield* namesOf({ containers: verify.initContainers ?? [] }, "snapshot");
  const publish = buildPublishJob({
    ...git,
    run: { namespace: "team", name: "fix-bug", uid: "uid-1" },
    repository,
    branch: "a",
    isNamed: true,
    base: "main",
    verified: "c",
    protectedPaths: ["x"],
    published: ["c".repeat(40)],
    commit: { name: "A", email: "a@example.com", message: "m", seconds: 1 },
    env,
    pullRequest: {
      forge: "GitHub",
      apiURL: "https://api.github.com",
      project: "a/b",
      host: "github.com",
      branch: "a",
      title: "t",
      body: "b",
      keepTitle: false,
      keepBody: false,
      draft: true,
      labels: [],
      reviewers: [],
    },
    operatorImage: "operator:1",
  });
  const { initContainers = [], containers } = publish.spec.template.spec;
  for (const container of [...initContainers, ...containers])
    yield* namesOf({ containers: [container] }, container.name);
  const cleanup = { ...git, run: { name: "fix-bug", uid: "uid-1" }, workspace, force: true };
  yield* namesOf(buildCleanupJob(cleanup).spec.template.spec, "cleanup");
}

/** Of variables and of the words in front of the command line that the scripts take as variables (settings.ts). */
function namesOf({ initContainers = [], containers }: PodSpec, group: string): (readonly [string, string])[] {
  return [...initContainers, ...containers].flatMap(({ name, env = [], command = [] }) => {
    const words = command.flatMap((word) => /^(\w+)=/.exec(word)?.[1] ?? []);
    return [...env.map((variable) => variable.name), ...words]
      .filter((variable) => variable.startsWith("AGENT_"))
      .map(
        (variable) =>
          [variable, ["agent", "setup", "token", "authorities"].includes(name) ? name : group] as const,
      );
  });
}
