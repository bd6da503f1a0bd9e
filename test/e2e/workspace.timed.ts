import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import type { ModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import type { Scenario } from "../../src/demo/model-scenario.ts";
import { jobs, persistentVolumeClaims } from "../../src/kube/builtin.ts";
import { useCluster } from "../support/cluster.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aSecret } from "../support/objects.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

/** A workspace and its runs as the specification prints them, with real kubectl and the real agents. */
const REPOSITORY_URL = "https://github.com/org/repo.git";
const PROVIDER_HOST = "litellm-proxy";
const LIMIT = "--timeout=60s";
const TOKEN = "gh-0123456789";

const WORKSPACE_YAML = `
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentWorkspace
metadata:
  name: my-workspace
spec:
  repository:
    url: https://github.com/org/repo.git
    branch: main
  storageClass: nfs-csi
  storageSize: 10Gi
  sharedVolumes:
    - name: claude-config
      mountPath: /root/.claude
      storageSize: 1Gi
---
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentRun
metadata:
  name: agent-1
spec:
  agent: claude
  workspaceRef: my-workspace
  worktree:
    branch: agent-1-work
  providerRef: gemini-provider
  prompt: "Fix the login bug"
---
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentRun
metadata:
  name: agent-2
spec:
  agent: claude
  workspaceRef: my-workspace
  worktree:
    branch: agent-2-work
  providerRef: gemini-provider
  prompt: "Add unit tests for the auth module"
`;

/** Works for some seconds, so that all agents are at work at the same time. */
const work = (file: string): Scenario => [
  {
    text: "I look around.",
    actions: [{ run: "git branch --all; ls ~/.claude; git log -p --all | tail -n 3" }],
  },
  { actions: [{ run: "sleep 3" }] },
  { actions: [{ write: { path: file, content: `${file}\n` } }] },
  { actions: [{ run: `git add -A && git commit -m "Add ${file}"` }] },
  { text: "Done." },
];

/** What an agent finds of the remote's credential, and whether it can push. */
const push: Scenario = [
  {
    actions: [
      { run: "git log -p --all | grep -c second-branch; cat /workspace/.git/config; ls /etc/agent-operator" },
    ],
  },
  { actions: [{ write: { path: "pushed.txt", content: "x\n" } }] },
  { actions: [{ run: "git add -A && git commit -m Push && git push origin HEAD 2>&1; echo push-ended-$?" }] },
  { text: "Done." },
];

function scenarioOf(prompt: string): Scenario {
  if (prompt.includes("Push")) return push;
  return work(`${/login|auth|docs|style/.exec(prompt)?.[0]}.txt`);
}

describe("an AgentWorkspace", { concurrency: false, timeout: 300_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "agent-operator-test-"));
  const repositoryPath = join(scratch, "repo");
  let repository: GitRepository;
  let model: ModelEndpoint;
  let remote: GitHttpServer;

  before(async () => {
    await chmod(scratch, 0o755);
    repository = await createGitRepository(repositoryPath);
    await repository.branch("second-branch");
    await repository.commit({ "second.txt": "second-branch\n" });
    await repository.switchTo("main");
    await repository.git("config", "http.receivepack", "true");
    model = await startModelEndpoint({ scenario: scenarioOf });
    remote = await startGitHttpServer({ root: scratch, user: "x-access-token", password: TOKEN });
  });
  after(async () => {
    await model.close();
    await remote.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  const cluster = useCluster({
    gitMirrors: { [REPOSITORY_URL]: repositoryPath },
    hosts: { [PROVIDER_HOST]: "127.0.0.1" },
  });
  const at = (name: string) => ({ namespace: cluster.namespace, name });
  const ended = (name: string): Promise<AgentRun> =>
    waitFor(
      cluster.client,
      agentRuns,
      at(name),
      ({ status }) => ["Succeeded", "Failed", "TimedOut"].includes(status?.phase ?? ""),
      60_000,
    );
  /** All that the agent with this prompt sent to the model. */
  const toldBy = (prompt: string): string =>
    JSON.stringify(
      model.requests.filter((request) => request.prompt.includes(prompt)).map(({ body }) => body),
    );

  it("runs two agents side by side as printed, in the order in which things are applied", async () => {
    await cluster.kubectl("create", "secret", "generic", "gemini-credentials", "--from-literal=api-key=any");
    const url = model.url.replace("127.0.0.1", PROVIDER_HOST);
    const provider = aProvider("gemini-provider", { url, secret: "gemini-credentials" });
    await cluster.kubectl.apply(provider);
    await cluster.kubectl.apply(WORKSPACE_YAML);
    await cluster.kubectl("wait", "--for=condition=Ready", "agentworkspace/my-workspace", LIMIT);
    const readyAt = performance.now();
    assert.match(
      await cluster.kubectl("get", "agentworkspaces"),
      /^NAME +PHASE +AGE\nmy-workspace +Ready +\d+s\n$/,
    );
    for (const name of ["agent-1", "agent-2"]) {
      await waitFor(cluster.client, agentRuns, at(name), ({ status }) => status?.phase === "Running");
    }
    assert.ok(performance.now() - readyAt < 5_000, "runs start as soon as the workspace is Ready");
    assert.match(
      await cluster.kubectl("get", "agentruns"),
      /^NAME +AGENT +PHASE +AGE\nagent-1 +claude +Running +\d+s\nagent-2 +claude +Running +\d+s\n$/,
    );
    const events = await cluster.kubectl("describe", "agentrun", "agent-1");
    assert.match(events, /WorkspaceNotReady .*AgentWorkspace my-workspace is (?:Pending|Initializing)/);
  });

  it("gives two more agents of another kind the volumes that were added meanwhile", async () => {
    const added = [
      { name: "claude-config", mountPath: "/root/.claude", storageSize: "1Gi" },
      { name: "opencode-config", mountPath: "/root/.opencode", storageSize: "512Mi" },
    ];
    const patch = JSON.stringify({ spec: { sharedVolumes: added } });
    await cluster.kubectl("patch", "agentworkspace", "my-workspace", "--type=merge", "-p", patch);
    const { url } = model;
    const provider = aProvider(
      "openai",
      { url, secret: "gemini-credentials", model: "scripted-1" },
      { environment: { OPENAI_BASE_URL: url }, agentTypes: ["opencode"] },
    );
    await cluster.kubectl.apply(provider);
    for (const [name, prompt] of [
      ["agent-3", "Write the docs"],
      ["agent-4", "Mend the style"],
    ] as const) {
      await cluster.kubectl.apply({
        apiVersion: "agent.xonovex.com/v1alpha1",
        kind: "AgentRun",
        metadata: { name },
        spec: {
          agent: "opencode",
          workspaceRef: "my-workspace",
          worktree: { branch: `${name}-work`, sourceBranch: "second-branch" },
          providerRef: "openai",
          prompt,
        },
      });
    }
    const claim = at("my-workspace-opencode-config");
    const { spec } = await waitFor(cluster.client, persistentVolumeClaims, claim, () => true);
    assert.deepEqual([spec.accessModes, spec.storageClassName], [["ReadWriteMany"], "nfs-csi"]);
  });

  it("ends with four commits on four branches, which all agents could see", async () => {
    const files = ["login.txt", "auth.txt", "docs.txt", "style.txt"];
    for (const [index] of files.entries()) {
      const { status } = await ended(`agent-${index + 1}`);
      assert.equal(status?.phase, "Succeeded", JSON.stringify(status, undefined, 2));
      assert.equal(status.outcome, "Committed");
      const git = status.result?.git;
      assert.deepEqual(
        [git?.branch, git?.commits, git?.filesChanged, git?.uncommittedChanges],
        [`agent-${index + 1}-work`, 1, 1, false],
      );
      const base = await repository.git("rev-parse", index < 2 ? "main" : "second-branch");
      assert.equal(git?.baseCommit, base);
    }
    assert.match(toldBy("Write the docs"), /agent-1-work/);
    assert.match(toldBy("Write the docs"), /remotes\/origin\/second-branch/);
    const { status } = await waitFor(
      cluster.client,
      agentWorkspaces,
      at("my-workspace"),
      (workspace) => workspace.status?.runningRuns === 0 && workspace.status.worktreeCount === 4,
    );
    for (const [index, worktree] of (status?.worktrees ?? []).entries()) {
      const run = `agent-${index + 1}`;
      const { result } = (await ended(run)).status ?? {};
      const { observedAt, ...seen } = worktree;
      assert.ok(Date.parse(observedAt) > 0);
      const path = `/workspace-wt/${run}`;
      assert.deepEqual(seen, {
        run,
        path,
        branch: `${run}-work`,
        head: result?.git?.headCommit,
        exists: true,
      });
    }
    assert.ok(Date.parse(status?.lastFetch ?? "") > 0);
    assert.match(
      await cluster.kubectl("get", "agentworkspaces", "-o", "wide"),
      /^NAME +PHASE +AGE +REASON +WORKTREES +RUNNING +REPOSITORY\nmy-workspace +Ready +\d+s +Ready +4 +0 +https:/,
    );
  });

  it("keeps worktrees when runs are deleted, and takes all along when it is deleted itself", async () => {
    await cluster.kubectl("delete", "agentrun", "agent-1");
    const { status } = await waitFor(cluster.client, agentWorkspaces, at("my-workspace"), (workspace) =>
      (workspace.status?.worktrees ?? []).some(({ run, exists }) => run === "agent-1" && exists === false),
    );
    assert.equal(status?.worktreeCount, 4);
    await cluster.kubectl("delete", "agentworkspace", "my-workspace", LIMIT);
    for (const name of ["my-workspace-ws", "my-workspace-claude-config", "my-workspace-opencode-config"]) {
      await waitForAbsence(cluster.client, persistentVolumeClaims, at(name));
    }
    await waitForAbsence(cluster.client, jobs, at("my-workspace-init"));
  });

  for (const exposed of [false, true]) {
    it(`lets agents ${exposed ? "use" : "never see"} the credentials of a private remote ${exposed ? "where it is asked to" : "by itself"}`, async () => {
      const name = exposed ? "exposed" : "private";
      const secret = { name: `${name}-git`, key: "token" };
      await cluster.kubectl.apply({
        apiVersion: "agent.xonovex.com/v1alpha1",
        kind: "AgentWorkspace",
        metadata: { name },
        spec: {
          repository: {
            url: `${remote.url}/repo`,
            credentialsSecretRef: secret,
            ...(exposed ? { exposeCredentialsToAgent: true } : {}),
          },
          accessMode: "ReadWriteOnce",
        },
      });
      const isMissing = "--for=jsonpath={.status.reason}=SecretNotFound";
      await cluster.kubectl("wait", isMissing, `agentworkspace/${name}`, LIMIT);
      await cluster.kubectl.apply(aSecret(secret.name, { token: TOKEN }));
      const prompt = `Push the ${name} work`;
      await cluster.kubectl.apply({
        apiVersion: "agent.xonovex.com/v1alpha1",
        kind: "AgentRun",
        metadata: { name: `${name}-1` },
        spec: {
          workspaceRef: name,
          worktree: { branch: `${name}-work` },
          providerRef: "gemini-provider",
          prompt,
        },
      });
      const { status } = await ended(`${name}-1`);
      assert.equal(status?.phase, "Succeeded", JSON.stringify(status, undefined, 2));
      const told = toldBy(prompt);
      assert.match(told, exposed ? /push-ended-0/ : /push-ended-(?!0)\d+/);
      assert.equal(await repository.has(`refs/heads/${name}-work`), exposed);
      assert.doesNotMatch(told, new RegExp(TOKEN));
      assert.match(told, /url = http:\/\/127\.0\.0\.1:\d+\/repo/, "the configuration was shown");
      assert.equal(/git-credentials/.test(told), exposed);
    });
  }
});
