import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AgentRun, AgentRunSpec } from "../../src/api/agent-run.ts";
import type { AgentWorkspace, AgentWorkspaceSpec } from "../../src/api/agent-workspace.ts";
import { ANNOTATION_CANCEL, ANNOTATION_RETRY, FINALIZER_IN_USE } from "../../src/api/labels.ts";
import { agentProviders, agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import { watchResource } from "../../src/client/watch.ts";
import { events, jobs, persistentVolumeClaims, secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { useCluster } from "../support/cluster.ts";
import type { GitRepository } from "../support/git-repository.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aSecret } from "../support/objects.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const URL = "https://git.example.com/org/repo.git";
const AT_ONCE = 30;

/** What happens around the agents; a quick command stands in their place. */
describe("the life of an AgentWorkspace", { concurrency: false, timeout: 600_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "agent-operator-test-"));
  const repositoryPath = join(scratch, "repo");
  const tools = join(scratch, "tools");
  let repository: GitRepository;

  before(async () => {
    await chmod(scratch, 0o755);
    repository = await createGitRepository(repositoryPath);
    await quickAgentTools(tools);
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));
  const cluster = useCluster({ gitMirrors: { [URL]: repositoryPath }, toolDirectories: [tools] });
  before(async () => {
    await add(secrets, aSecret("credentials", { "api-key": "any" }));
    await add(agentProviders, aProvider("provider", { url: "http://127.0.0.1:9", secret: "credentials" }));
  });

  const at = (name: string) => ({ namespace: cluster.namespace, name });

  function add<T extends KubeObject>(
    type: { kind: string } & Parameters<typeof cluster.client.create<T>>[0],
    object: T,
  ) {
    const metadata = { ...object.metadata, namespace: cluster.namespace };
    return cluster.client.create(type, { ...object, metadata });
  }

  const addWorkspace = (name: string, spec: Partial<AgentWorkspaceSpec> = {}): Promise<AgentWorkspace> =>
    add(agentWorkspaces, {
      metadata: { name },
      spec: { repository: { url: URL, branch: "main" }, storageClass: "nfs-csi", ...spec },
    });

  const addRun = (
    name: string,
    workspaceRef: string,
    worktree: AgentRunSpec["worktree"],
    prompt = "Go",
  ): Promise<AgentRun> =>
    add(agentRuns, {
      metadata: { name },
      spec: { workspaceRef, worktree, providerRef: "provider", prompt, timeout: "120s" },
    });

  const workspaceAs = (name: string, condition: (status: NonNullable<AgentWorkspace["status"]>) => boolean) =>
    waitFor(
      cluster.client,
      agentWorkspaces,
      at(name),
      ({ status }) => status !== undefined && condition(status),
      60_000,
    );

  const runAs = (name: string, condition: (run: AgentRun) => boolean) =>
    waitFor(cluster.client, agentRuns, at(name), condition, 60_000);

  const eventsOf = async (kind: string, name: string): Promise<string[]> => {
    const fieldSelector = `regarding.kind=${kind},regarding.name=${name}`;
    const { items } = await cluster.client.list(events, { namespace: cluster.namespace, fieldSelector });
    return items.map(({ reason, note }) => `${reason}: ${note ?? ""}`);
  };

  async function allEnded(names: readonly string[]): Promise<Map<string, AgentRun>> {
    const waiting = new Set(names);
    const found = new Map<string, AgentRun>();
    const signal = AbortSignal.timeout(240_000);
    for await (const event of watchResource(cluster.client, agentRuns, {
      namespace: cluster.namespace,
      signal,
    })) {
      if (event.kind !== "upsert" || !isFinished(event.object)) continue;
      const { name = "" } = event.object.metadata;
      if (waiting.delete(name)) found.set(name, event.object);
      if (waiting.size === 0) return found;
    }
    throw new Error(`these runs have not ended: ${[...waiting].join(", ")}`);
  }

  it(`gives ${AT_ONCE} runs at once a worktree each, and ${AT_ONCE} more the same branches`, async (t) => {
    await addWorkspace("many");
    for (const round of ["first", "second"]) {
      const startedAt = performance.now();
      const names = Array.from({ length: AT_ONCE }, (_, index) => `${round}-${index}`);
      await Promise.all(names.map((name, index) => addRun(name, "many", { branch: `work-${index}` })));
      const runs = await allEnded(names);
      t.diagnostic(`${round}: ${Math.round(performance.now() - startedAt)} ms`);
      for (const [index, name] of names.entries()) {
        const { status } = runs.get(name) ?? {};
        assert.equal(status?.phase, "Succeeded", `${name}: ${status?.message}`);
        assert.equal(status.result?.git?.branch, `work-${index}`);
      }
    }
    await waitFor(
      cluster.client,
      agentWorkspaces,
      at("many"),
      ({ metadata, status }) => status?.worktreeCount === 2 * AT_ONCE && !metadata.finalizers?.length,
    );
  });

  it("refuses a branch that a live run has, and names that run", async () => {
    await addRun("holder", "many", { branch: "held" }, "wait");
    await runAs("holder", ({ status }) => status?.phase === "Running");
    await addRun("late", "many", { branch: "held" });
    const { status } = await runAs("late", isFinished);
    assert.deepEqual([status?.phase, status?.reason], ["Failed", "BranchInUse"]);
    assert.match(
      status?.message ?? "",
      /branch held is checked out by run holder, in \/workspace-wt\/holder/,
    );
  });

  it("lets a run wait for a branch that a live run has, and continue on it", async () => {
    await addRun("guest", "many", { branch: "shared" }, "wait");
    await runAs("guest", ({ status }) => status?.phase === "Running");
    await addRun("next", "many", { branch: "shared", onBusy: "Queue" });
    const { status: waiting } = await runAs("next", ({ status }) => status?.reason === "Queued");
    assert.match(waiting?.message ?? "", /^another run has branch shared of AgentWorkspace many/);
    await cluster.client.patch(
      agentRuns,
      at("guest"),
      { metadata: { annotations: { [ANNOTATION_CANCEL]: "true" } } },
      { type: "merge" },
    );
    await runAs("guest", isFinished);
    const { status } = await runAs("next", isFinished);
    assert.deepEqual([status?.phase, status?.branch], ["Succeeded", "shared"], status?.message);
  });

  it("starts from what it has when the remote does not answer, and says so", async () => {
    await rename(join(repositoryPath, ".git"), join(scratch, "away"));
    try {
      await addRun("offline", "many", { branch: "offline-work" });
      const { status } = await runAs("offline", isFinished);
      assert.equal(status?.phase, "Succeeded", status?.message);
      assert.equal(status.fetchedAt, undefined);
    } finally {
      await rename(join(scratch, "away"), join(repositoryPath, ".git"));
    }
    assert.match(
      (await eventsOf("AgentRun", "offline")).join("\n"),
      /RemoteNotAsked: .*the remote could not be asked/,
    );
    const head = await repository.commit({ "new.txt": "new\n" });
    await addRun("online", "many", { branch: "online-work" });
    const { status } = await runAs("online", isFinished);
    assert.equal(status?.result?.git?.baseCommit, head);
    await workspaceAs("many", ({ lastFetch }) => lastFetch === status?.fetchedAt);
  });

  it("removes worktrees as their runs ask for it, and never their branches", async () => {
    await addRun("once-done", "many", { branch: "once-done", cleanup: "OnSuccess" });
    const { status } = await runAs("once-done", (run) =>
      (run.status?.conditions ?? []).some(
        (each) => each.type === "WorktreeRemoved" && each.status === "True",
      ),
    );
    assert.equal(status?.phase, "Succeeded");
    await addRun("with-it", "many", { branch: "with-it", cleanup: "OnDelete" }, "wait");
    await runAs("with-it", ({ status: now }) => now?.phase === "Running");
    await cluster.client.delete(agentRuns, at("with-it"));
    await waitForAbsence(cluster.client, agentRuns, at("with-it"));
    const { status: workspace } = await workspaceAs("many", ({ worktrees = [] }) =>
      worktrees.every(({ run }) => run !== "with-it" && run !== "once-done"),
    );
    assert.equal(workspace?.phase, "Ready");
    assert.match(
      (await eventsOf("AgentRun", "with-it")).join("\n"),
      /WorktreeCleaned: .*branch with-it is kept/,
    );
    await addRun("heir", "many", { branch: "heir", sourceBranch: "with-it" });
    assert.equal((await runAs("heir", isFinished)).status?.phase, "Succeeded");
  });

  it("waits for its runs when it is deleted, and starts no new one", async () => {
    const { metadata } = await cluster.client.get(agentWorkspaces, at("many"));
    assert.deepEqual(metadata.finalizers, [FINALIZER_IN_USE], "holder is at work");
    await cluster.client.delete(agentWorkspaces, at("many"));
    const { status } = await workspaceAs("many", ({ reason }) => reason === "InUse");
    assert.equal(status?.message, "the deletion waits for 1 AgentRun to end: holder");
    assert.match(
      (await eventsOf("AgentWorkspace", "many")).join("\n"),
      /InUse: the deletion waits for 1 AgentRun/,
    );
    await addRun("too-late", "many", { branch: "too-late" });
    const late = await runAs("too-late", (run) => run.status?.reason === "WorkspaceNotReady");
    assert.match(late.status?.message ?? "", /AgentWorkspace many is being deleted/);
    assert.equal((await runAs("holder", () => true)).status?.phase, "Running", "it is left at work");
    await cluster.client.delete(agentRuns, at("holder"));
    await waitForAbsence(cluster.client, agentWorkspaces, at("many"));
    await waitForAbsence(cluster.client, persistentVolumeClaims, at("many-ws"));
    await runAs("too-late", (run) => run.status?.reason === "WorkspaceNotFound");
  });

  it("shows git's words for a clone that fails for good, and clones again when it is asked to", async () => {
    await addWorkspace("failing", { repository: { url: URL, branch: "later" } });
    const { status } = await workspaceAs("failing", ({ phase }) => phase === "Failed");
    assert.equal(status?.reason, "CloneFailed");
    assert.match(status?.message ?? "", /branch later is not in https:.*there are: main/);
    await addRun("patient", "failing", { branch: "patient" });
    await runAs("patient", (run) => /AgentWorkspace failing is Failed/.test(run.status?.message ?? ""));
    await repository.branch("later");
    const annotations = { [ANNOTATION_RETRY]: "1" };
    await cluster.client.patch(agentWorkspaces, at("failing"), { metadata: { annotations } });
    await workspaceAs("failing", ({ phase }) => phase === "Ready");
    assert.equal((await runAs("patient", isFinished)).status?.phase, "Succeeded");
  });

  it("says what its claim waits for, and offers one node instead", async () => {
    await addWorkspace("unsuited", { storageClass: "standard" });
    const { status } = await workspaceAs("unsuited", ({ reason }) => reason === "ClaimPending");
    assert.match(status?.message ?? "", /claim unsuited-ws \(class standard, ReadWriteMany\): .+/);
    await addWorkspace("one-node", { storageClass: "standard", accessMode: "ReadWriteOnce" });
    await workspaceAs("one-node", ({ phase }) => phase === "Ready");
    await addRun("alone", "one-node", { branch: "alone" });
    assert.equal((await runAs("alone", isFinished)).status?.phase, "Succeeded");
    const job = await cluster.client.get(jobs, at("alone"));
    assert.match(
      JSON.stringify(job.spec.template.spec.affinity),
      /"agent.xonovex.com\/workspace":"one-node"/,
    );
  });
});
