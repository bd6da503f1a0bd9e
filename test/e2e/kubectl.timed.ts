import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import { jobs, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import type { ModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { useCluster } from "../support/cluster.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { projectRoot } from "../support/project-files.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

/** The commands of the specification as a user types them, through real kubectl, with the real agents. */
const REPOSITORY_URL = "https://github.com/org/repo.git";
const PROVIDER_HOST = "litellm-proxy";
/** A minute is ample for a run that takes two seconds on an idle machine. */
const RUN_TIMEOUT = "--timeout=60s";

const scratch = mkdtempSync(join(tmpdir(), "agent-operator-test-"));
const repositoryPath = join(scratch, "repo");
let repository: GitRepository;
let model: ModelEndpoint;

describe("kubectl", { concurrency: false, timeout: 300_000 }, () => {
  before(async () => {
    await chmod(scratch, 0o755);
    repository = await createGitRepository(repositoryPath);
    await repository.branch("feature/auth");
    await repository.commit({ "auth.js": "// a bug\n" });
    await repository.switchTo("main");
    model = await startModelEndpoint({ scenario: committingScenario() });
  });
  after(async () => {
    await model.close();
    rmSync(scratch, { recursive: true, force: true });
  });
  const cluster = useCluster({
    gitMirrors: { [REPOSITORY_URL]: repositoryPath },
    hosts: { [PROVIDER_HOST]: "127.0.0.1" },
  });
  const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(...args);

  it("waits for what is missing, whatever the order in which things are applied", async () => {
    await cluster.kubectl.apply(runManifest("fix-auth-bug"));
    await kubectl(
      "wait",
      "--for=jsonpath={.status.reason}=ProviderNotFound",
      "agentrun/fix-auth-bug",
      RUN_TIMEOUT,
    );
    assertColumns(
      await kubectl("get", "agentruns"),
      ["NAME", "AGENT", "PHASE", "AGE"],
      /^fix-auth-bug +(?:claude +)?Pending +\S+$/m,
    );
    await cluster.kubectl.apply(providerManifest(model.url));
    await kubectl(
      "wait",
      "--for=jsonpath={.status.ready}=false",
      "agentprovider/gemini-provider",
      RUN_TIMEOUT,
    );
    assert.match(await kubectl("describe", "agentprovider", "gemini-provider"), /SecretNotFound/);
    await kubectl(
      "create",
      "secret",
      "generic",
      "gemini-credentials",
      "--from-literal=api-key=your-api-key-here",
    );
    await kubectl("wait", "--for=condition=Ready", "agentprovider/gemini-provider", RUN_TIMEOUT);
    assertColumns(
      await kubectl("get", "agentproviders"),
      ["NAME", "DISPLAY NAME", "READY", "AGE"],
      /^gemini-provider +Google Gemini +true +\S+$/m,
    );
    await kubectl("wait", "--for=condition=Succeeded", "agentrun/fix-auth-bug", RUN_TIMEOUT);
  });

  it("shows a run in every form", async () => {
    assert.match(await kubectl("get", "agentruns"), /^fix-auth-bug +claude +Succeeded +\S+$/m);
    const wide = await kubectl("get", "agentruns", "-o", "wide");
    assertColumns(
      wide,
      "NAME AGENT PHASE AGE REASON PROVIDER BRANCH VERIFIED PUBLISHED PR DURATION COST".split(" "),
      /Completed +gemini-provider +feature\/auth/,
    );
    assert.equal(
      await kubectl("get", "agentrun", "fix-auth-bug", "-o", "jsonpath={.status.outcome}"),
      "Committed",
    );
    assert.match(await kubectl("get", "agentrun", "fix-auth-bug", "-o", "yaml"), /^ {2}phase: Succeeded$/m);
    const described = await kubectl("describe", "agentrun", "fix-auth-bug");
    assert.match(described, /^Events:\n +Type +Reason/m);
    assert.match(described, /agent-operator/);
  });

  it("shows the Job, the pod and the logs of both containers", async () => {
    const listed = await kubectl("get", "jobs,pods", "-l", "agent.xonovex.com/agent-type=claude");
    assert.match(listed, /^job\.batch\/fix-auth-bug +Complete +1\/1/m);
    assert.match(listed, /^pod\/fix-auth-bug-\S+ +0\/1 +Completed +0/m);
    assert.match(await kubectl("logs", "job/fix-auth-bug", "-c", "agent"), /"type":"result"/);
    assert.notEqual(await kubectl("logs", "job/fix-auth-bug", "-c", "git-clone"), "");
  });

  it("gave the agent the Secret's value as a reference only", async () => {
    const sent = model.requests.find(({ main }) => main);
    assert.match(JSON.stringify(sent?.headers), /your-api-key-here/);
    const manifests = await kubectl("get", "jobs,pods,agentruns,agentproviders,events", "-o", "yaml");
    assert.doesNotMatch(manifests, /your-api-key-here/);
  });

  it("follows a watch and a log until the run has ended", async () => {
    await using watch = cluster.kubectl.start(["get", "agentruns", "-w"]);
    await watch.waitForOutput(/^fix-auth-bug/m);
    await cluster.kubectl.apply(runManifest("followed"));
    await kubectl("wait", "--for=jsonpath={.status.phase}=Running", "agentrun/followed", RUN_TIMEOUT);
    await using log = cluster.kubectl.start(["logs", "job/followed", "-c", "agent", "-f"]);
    const { code, stdout } = await log.ended;
    assert.equal(code, 0);
    assert.match(stdout, /"type":"result"/);
    for (const phase of ["Pending", "Initializing", "Running", "Succeeded"]) {
      await watch.waitForOutput(new RegExp(`^followed +(?:claude +)?${phase}`, "m"));
    }
  });

  it("has the agent running within 1.5 s of kubectl apply", async (t) => {
    const tookMs: number[] = [];
    for (const name of ["quick-1", "quick-2", "quick-3"]) {
      await cluster.kubectl.apply(runManifest(name));
      const appliedAt = performance.now();
      const at = { namespace: cluster.namespace, name };
      await waitFor(cluster.client, agentRuns, at, ({ status }) => status?.phase === "Running");
      tookMs.push(Math.round(performance.now() - appliedAt));
      await kubectl("wait", "--for=condition=Succeeded", `agentrun/${name}`, RUN_TIMEOUT);
    }
    t.diagnostic(`from kubectl apply to Running: ${tookMs.join(", ")} ms`);
    // The best of three: what else this machine does is not what is measured.
    assert.ok(Math.min(...tookMs) < 1_500);
  });

  it("runs opencode with an inline provider in a worktree of its own", async () => {
    await cluster.kubectl.apply(opencodeManifest(model.url));
    await kubectl("wait", "--for=condition=Succeeded", "agentrun/feature-work", RUN_TIMEOUT);
    assert.match(
      await kubectl("get", "agentrun", "feature-work", "-o", "wide"),
      /opencode +Succeeded .* agent\/feature-work/,
    );
    assert.equal(await repository.has("agent/feature-work"), false, "nothing is pushed");
  });

  it("explains, labels, annotates, edits and refuses to change a spec", async () => {
    assert.match(await kubectl("explain", "agentrun.spec.timeout"), /FIELD: timeout/);
    await kubectl("label", "agentrun", "fix-auth-bug", "team=auth");
    assert.match(await kubectl("get", "agentruns", "-l", "team=auth"), /^fix-auth-bug/m);
    const editor = join(scratch, "editor.sh");
    await writeFile(editor, '#!/bin/sh\nsed -i "s/Google Gemini/Gemini/" "$1"\n', { mode: 0o755 });
    const edited = await cluster.kubectl.attempt(["edit", "agentprovider", "gemini-provider"], {
      env: { KUBE_EDITOR: editor },
    });
    assert.equal(edited.code, 0, edited.stderr);
    assert.match(await kubectl("get", "agentprovider", "gemini-provider"), / Gemini +true/);
    const patch = ["patch", "agentrun", "fix-auth-bug", "--type=merge", "-p", '{"spec":{"timeout":"5m"}}'];
    const refused = await cluster.kubectl.attempt(patch);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /spec: Forbidden: an AgentRun cannot be changed/);
  });

  it("answers what one may do", async () => {
    assert.equal((await kubectl("auth", "can-i", "create", "agentruns.agent.xonovex.com")).trim(), "yes");
    const nobody = await cluster.kubectl.attempt([
      "auth",
      "can-i",
      "create",
      "pods",
      "--as=system:serviceaccount:default:default",
    ]);
    assert.equal(nobody.stdout.trim(), "no");
  });

  it("marks a provider as not ready when its Secret goes, and as ready when it comes back", async () => {
    await kubectl("delete", "secret", "gemini-credentials");
    await kubectl(
      "wait",
      "--for=jsonpath={.status.ready}=false",
      "agentprovider/gemini-provider",
      RUN_TIMEOUT,
    );
    await kubectl("create", "secret", "generic", "gemini-credentials", "--from-literal=api-key=another");
    await kubectl(
      "wait",
      "--for=jsonpath={.status.ready}=true",
      "agentprovider/gemini-provider",
      RUN_TIMEOUT,
    );
  });

  it("deletes a run with its Job, pod and claim", async () => {
    const { client, namespace } = cluster;
    const pod = (
      await kubectl("get", "pods", "-l", "agent.xonovex.com/run=fix-auth-bug", "-o", "name")
    ).trim();
    await kubectl("delete", "agentrun", "fix-auth-bug");
    await waitForAbsence(client, jobs, { namespace, name: "fix-auth-bug" });
    await waitForAbsence(client, persistentVolumeClaims, { namespace, name: "fix-auth-bug-workspace" });
    await waitForAbsence(client, pods, { namespace, name: pod.replace("pod/", "") });
  });

  it("stops a running agent when its run is deleted", async () => {
    await using stuck = stuckModel(await startModelEndpoint({ scenario: [{ fault: "hang" }] }));
    await cluster.kubectl.apply(opencodeManifest(stuck.url).replaceAll("feature-work", "stuck"));
    await kubectl("wait", "--for=jsonpath={.status.phase}=Running", "agentrun/stuck", RUN_TIMEOUT);
    await kubectl("delete", "agentrun", "stuck");
    await waitForAbsence(cluster.client, jobs, { namespace: cluster.namespace, name: "stuck" });
  });

  it("applies the shipped CRDs and samples", async () => {
    await kubectl("apply", "-k", join(projectRoot, "config", "crd"));
    const samples = join(projectRoot, "config", "samples");
    await kubectl("apply", "--dry-run=server", "--namespace=kube-public", "-k", samples);
  });
});

function stuckModel(endpoint: ModelEndpoint): AsyncDisposable & ModelEndpoint {
  return { ...endpoint, [Symbol.asyncDispose]: () => endpoint.close() };
}

function assertColumns(printed: string, columns: string[], row: RegExp): void {
  assert.equal(printed.split("\n")[0]?.trim().replaceAll(/ {2,}/g, "|"), columns.join("|"));
  assert.match(printed, row);
}

function providerManifest(url: string): string {
  const { port } = new URL(url);
  return `
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentProvider
metadata:
  name: gemini-provider
spec:
  displayName: Google Gemini
  agentTypes: [claude]
  authTokenSecretRef:
    name: gemini-credentials
    key: api-key
  environment:
    ANTHROPIC_BASE_URL: "http://${PROVIDER_HOST}:${port}"
    API_TIMEOUT_MS: "3000000"
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1"
    ANTHROPIC_DEFAULT_SONNET_MODEL: "gemini-3-flash-preview"
`;
}

function runManifest(name: string): string {
  return `
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentRun
metadata:
  name: ${name}
spec:
  agent: claude
  providerRef: gemini-provider
  repository:
    url: ${REPOSITORY_URL}
    branch: feature/auth
  prompt: "Fix the authentication bug in the login handler"
  timeout: 30m
`;
}

function opencodeManifest(url: string): string {
  return `
apiVersion: agent.xonovex.com/v1alpha1
kind: AgentRun
metadata:
  name: feature-work
spec:
  agent: opencode
  provider:
    name: gateway
    model: gemini-3-flash-preview
    authSecretRef:
      name: gemini-credentials
      key: api-key
    environment:
      ANTHROPIC_BASE_URL: "${url}"
  repository:
    url: ${REPOSITORY_URL}
    branch: main
  worktree:
    branch: agent/feature-work
    sourceBranch: main
  prompt: "Implement the user settings page"
`;
}
