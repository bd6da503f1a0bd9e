import assert from "node:assert/strict";
import { test } from "node:test";
import { isReservedEnvName } from "../src/api/reserved-env.ts";
import { buildRunJob } from "../src/plan/specs/run-job.ts";
import type { ResolvedRun } from "../src/plan/resolved-run.ts";
import { readProjectFiles } from "./support/project-files.ts";

const run: ResolvedRun = {
  namespace: "default",
  name: "under-test",
  uid: "uid",
  agent: "claude",
  prompt: "Do it",
  repository: {
    url: "https://example.com/repo.git",
    branch: "main",
    commit: "0123456789abcdef0123456789abcdef01234567",
    credentials: { name: "git", key: "token" },
    caBundle: { name: "ca", key: "ca.crt" },
    submodules: true,
    exposeCredentialsToAgent: true,
  },
  worktree: { branch: "work", sourceBranch: "main" },
  mcpServers: [],
  args: [],
  env: [],
  image: "agent:1",
  gitImage: "git:1",
  gitResources: {},
  timeoutSeconds: 60,
  trustRepositoryConfig: false,
  gitIdentity: { name: "Agent", email: "agent@example.com" },
  storage: { className: "standard", size: "10Gi" },
};

test("a manifest can set none of the variables that the git containers rely on", () => {
  const { initContainers = [] } = buildRunJob(run).spec.template.spec;
  const names = initContainers.flatMap(({ env = [] }) => env.map(({ name }) => name));
  assert.ok(names.length > 5);
  assert.deepEqual(
    names.filter((name) => !isReservedEnvName(name)),
    [],
  );
});

test("a manifest can set none of git's variables that the scripts set", () => {
  const scripts = readProjectFiles(["images/agent/scripts"], ".sh");
  const names = scripts.flatMap(({ text }) => text.match(/\bGIT_[A-Z_]+(?==)/g) ?? []);
  assert.ok(names.length > 0);
  assert.deepEqual(
    names.filter((name) => !isReservedEnvName(name)),
    [],
  );
});

test("who commits is not the operator's alone", () => {
  assert.equal(isReservedEnvName("GIT_AUTHOR_NAME"), false);
  assert.equal(isReservedEnvName("ANTHROPIC_MODEL"), false);
});
