import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentWorkspaces } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { type LoopbackForge, startForge } from "../support/forge/forge.ts";
import type { LoopbackApp } from "../support/forge/github-app.ts";
import { type GitHttpServer, startGitHttpServer } from "../support/git-http-server.ts";
import { aSecret } from "../support/objects.ts";
import { waitFor } from "../support/wait-for.ts";

const PROJECT = "team/repository";
const TOKEN = "ghs_minted0000";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PEM = privateKey.export({ type: "pkcs1", format: "pem" }).toString();

describe("a GitHub App", { timeout: 240_000 }, () => {
  const agents = useAgentCluster({
    commit: committingScenario(),
    look: [
      {
        actions: [
          {
            run: "{ env; cat /etc/agent-operator/*/* ../etc/agent-operator/*/*; git config -l; } >seen.txt 2>&1; git add .; git commit -qm Seen",
          },
        ],
      },
      { text: "Looked." },
    ],
  });
  let forge: LoopbackForge;
  let git: GitHttpServer;
  let app: LoopbackApp;

  before(async () => {
    const { repository } = agents;
    await repository.git("config", "http.receivepack", "true");
    await symlink(".", join(dirname(repository.path), "team"));
    git = await startGitHttpServer({
      root: dirname(repository.path),
      user: "x-access-token",
      password: TOKEN,
    });
    app = {
      id: "12",
      installation: "345",
      publicKey,
      repositories: [PROJECT],
      permissions: { contents: "write", pull_requests: "write" },
      token: TOKEN,
      slug: "agents",
    };
    forge = await startForge({
      kind: "GitHub",
      project: PROJECT,
      token: "none",
      commitOf: repository.commitOf,
      app,
    });
    const keys = { githubAppID: "12", githubAppInstallationID: "345", githubAppBaseURL: forge.apiURL };
    await agents.add(secrets, aSecret("app", { ...keys, githubAppPrivateKey: PEM }));
    await agents.add(secrets, aSecret("half", keys));
  });
  after(async () => {
    await git.close();
    await forge[Symbol.asyncDispose]();
  });

  const specOf = (secret = "app") => ({
    prompt: "Write and commit it",
    repository: { url: `${git.url}/${PROJECT}`, branch: "main", githubAppRef: { name: secret } },
    publish: { githubAppRef: { name: secret }, pullRequest: {} },
  });

  /** The rights that each token was asked for. */
  const rights = () =>
    forge.requests.flatMap(({ body }) =>
      body?.["permissions"] ? [JSON.stringify(body["permissions"])] : [],
    );

  it("clones, pushes and opens the pull request, each time with a token for that alone", async () => {
    const { status } = await agents.run("whole", specOf());
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.published?.commit, await agents.repository.git("rev-parse", "agent/whole"));
    assert.deepEqual(status.published?.pullRequest, { number: 1, url: `${forge.url}/${PROJECT}/pull/1` });
    assert.deepEqual(rights(), ['{"contents":"read"}', '{"contents":"write","pull_requests":"write"}']);
    assert.deepEqual(new Set(git.credentials), new Set([`x-access-token:${TOKEN}`]));
    assert.deepEqual(forge.breaches, []);
  });

  it("clones a workspace and asks for its runs' newest commit, and no agent sees any of it", async () => {
    const { repository, publish } = specOf();
    await agents.add(agentWorkspaces, {
      metadata: { name: "ws" },
      spec: { repository, accessMode: "ReadWriteOnce" },
    });
    const on = {
      repository: undefined,
      workspaceRef: "ws",
      worktree: { branch: "looked", sourceBranch: "main" },
    };
    const { status } = await agents.run("looks", { ...specOf(), ...on, prompt: "look", publish });
    assert.equal(status?.phase, "Succeeded", status?.message);
    const seen = await agents.repository.git("show", "looked:seen.txt");
    assert.match(seen, /^HOME=/m);
    assert.doesNotMatch(seen, /ghs_|PRIVATE KEY|githubApp|x-access-token/);
    const { metadata } = await waitFor(
      agents.cluster.client,
      agentWorkspaces,
      { namespace: agents.cluster.namespace, name: "ws" },
      (workspace) => workspace.status?.lastFetch !== undefined,
      30_000,
    );
    assert.equal(metadata.name, "ws");
  });

  it("waits for a key that its Secret lacks, and goes on when it is there", async () => {
    await agents.create("waits", { ...specOf("half"), publish: undefined });
    const { status } = await agents.until("waits", (run) => run.status?.reason === "KeyNotFound");
    assert.match(
      status?.message ?? "",
      /Secret half has no key githubAppPrivateKey, which holds the GitHub App/,
    );
    const at = { namespace: agents.cluster.namespace, name: "half" };
    await agents.cluster.client.patch(
      secrets,
      at,
      { data: { githubAppPrivateKey: Buffer.from(PEM).toString("base64") } },
      { type: "merge" },
    );
    const done = await agents.until("waits");
    assert.equal(done.status?.phase, "Succeeded", done.status?.message);
  });

  it("ends in GitHub's own words: a run, a workspace, and what is to be published", async () => {
    app.isSuspended = true;
    const { status } = await agents.run("suspended", specOf());
    assert.equal(status?.reason, "GitHubAppRefused", status?.message);
    assert.match(
      status.message ?? "",
      /no token for team\/repository: 403: This installation has been suspended/,
    );
    const { repository } = specOf();
    await agents.add(agentWorkspaces, {
      metadata: { name: "refused" },
      spec: { repository, accessMode: "ReadWriteOnce" },
    });
    const at = { namespace: agents.cluster.namespace, name: "refused" };
    const failed = await waitFor(
      agents.cluster.client,
      agentWorkspaces,
      at,
      ({ status: told }) => told?.phase === "Failed",
      60_000,
    );
    assert.equal(failed.status?.reason, "GitHubAppRefused", failed.status?.message);
    app.isSuspended = false;
    app.permissions = { contents: "read" };
    const reader = await agents.run("reader", specOf());
    assert.equal(reader.status?.reason, "GitHubAppRefused", reader.status?.message);
    assert.match(reader.status?.message ?? "", /The permissions requested are not granted/);
    assert.equal(reader.status?.published, undefined);
    app.permissions = { contents: "write", pull_requests: "write" };
  });

  it("leaves nothing of the key and the token in any object", async () => {
    const { client, namespace } = agents.cluster;
    const { items } = await client.list(pods, { namespace });
    const objects = await agents.cluster.kubectl(
      "get",
      "agentruns,agentworkspaces,jobs,events",
      "-o",
      "json",
    );
    assert.doesNotMatch(JSON.stringify(items) + objects, /ghs_minted|PRIVATE KEY-/);
  });
});
