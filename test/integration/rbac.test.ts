import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AgentWorkspace } from "../../src/api/agent-workspace.ts";
import {
  ANNOTATION_CANCEL,
  ANNOTATION_PER_HOUR,
  ANNOTATION_RETRY,
  LABEL_TRIGGER,
} from "../../src/api/labels.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentTriggers,
  agentWorkspaces,
  OUR_RESOURCES,
} from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import type { Transport } from "../../src/client/transport.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { configMaps, jobs, leases, persistentVolumeClaims, secrets } from "../../src/kube/builtin.ts";
import { gitImageFiles } from "../../src/local/local-cluster.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import { operatorAuthority, OPERATOR_NAMESPACE } from "../../src/local/service-account.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { leaderElectionRules, operatorRules } from "../../src/operator/rbac.ts";
import { ownedByTrigger } from "../../src/plan/specs/owner.ts";
import { createLog } from "../../src/runtime/log.ts";
import { permissionsFor, permissionsOf } from "../support/api-attributes.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { locateTool } from "../../scripts/tools.ts";
import { aConfig, aProvider, aRun, aSecret } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const REPOSITORY = "https://git.example.com/org/repo.git";
const namespace = "default";

/**
 * The shipped role holds what the operator asks for and nothing else: everything that it can ask for is
 * made to happen once, under that role. A rule too few is a refusal, a rule too many is never used.
 */
describe("the operator's role", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const used = new Set<string>();
  const refused: string[] = [];
  const leaseWatched = Promise.withResolvers<void>();
  let cluster: DevCluster;
  let client: Client;

  before(
    async () => {
      const directory = stack.use(await temporaryDirectory());
      const repository = await createGitRepository(join(directory.path, "repository"));
      cluster = await startDevCluster({
        dataDir: join(directory.path, "cluster"),
        toolDirectories: [await quickAgentTools(join(directory.path, "agent"))],
        imageFiles: [gitImageFiles(projectRoot)],
        gitMirrors: { [REPOSITORY]: repository.path },
        stopGraceSeconds: 0,
      });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath };
      for (const part of ["crd", "default"])
        await runOk(await locateTool("kubectl"), ["apply", "-k", join(projectRoot, "config", part)], { env });
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 60_000 });

  it("permits everything that the operator does, and nothing else", async () => {
    const transport = await asOperator();
    // Somebody else's, so that it is waited for.
    const lease = { name: "agent-operator", namespace: OPERATOR_NAMESPACE };
    const spec = { holderIdentity: "another", leaseDurationSeconds: 60 };
    await client.create(leases, { metadata: lease, spec });
    const operator = await startOperator({
      transport: recording(conflictingOnce(transport)),
      leaderElect: true,
      leaseNamespace: OPERATOR_NAMESPACE,
      log: createLog({ level: "silent" }),
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
    });
    stack.defer(() => operator.stop());
    await Promise.all([leaseWatched.promise, createReferences()]);
    await client.delete(leases, lease);
    await operator.working;
    await Promise.all([
      succeeding(),
      scheduled(),
      expiring(),
      cancelled(),
      namesTaken(),
      unschedulable(),
      sharing(),
      counted(),
      failingWorkspace(),
    ]);
    await operator.stop();

    assert.deepEqual(refused, []);
    const permitted = permissionsOf([...operatorRules, ...leaderElectionRules]);
    assert.deepEqual([...used].toSorted(), [...new Set(permitted)].toSorted());
  });

  it("is what keeps it from anything else", async () => {
    const restricted = createClient(await asOperator());
    const secret = aSecret("planted", { key: "value" });
    await assert.rejects(
      restricted.create(secrets, { ...secret, metadata: { name: "planted", namespace } }),
      {
        code: 403,
      },
    );
  });

  async function asOperator(): Promise<Transport> {
    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfigPath] });
    const authority = await operatorAuthority(cluster.transport, () => performance.now());
    const { server, ca } = options;
    const transport = createHttpsTransport({ server, ...(ca === undefined ? {} : { ca }), authority });
    stack.defer(() => transport.close());
    return transport;
  }

  /** Notes what each request needs, and which were refused. */
  function recording(transport: Transport): Transport {
    return async (request) => {
      for (const permission of permissionsFor(request)) used.add(permission);
      if (used.has("watch leases.coordination.k8s.io")) leaseWatched.resolve();
      const response = await transport(request);
      if (response.status === 403) refused.push(`${request.method} ${request.path}`);
      return response;
    };
  }

  /** Lets the first status of each kind meet a conflict, as when a user edits at that moment. */
  function conflictingOnce(transport: Transport): Transport {
    const met = new Set<ResourceType>();
    return async (request) => {
      const [, plural, name] = /\/([^/]+)\/([^/]+)\/status$/.exec(request.path) ?? [];
      const type = OUR_RESOURCES.find((each) => each.plural === plural);
      if (type !== undefined && name !== undefined && request.method === "PATCH" && !met.has(type)) {
        met.add(type);
        await client.patch<KubeObject>(
          type,
          { namespace, name },
          { metadata: { labels: { touched: "yes" } } },
        );
      }
      return transport(request);
    };
  }

  async function createReferences(): Promise<void> {
    await create(secrets, aSecret("credentials", { "api-key": "any" }));
    await create(agentProviders, aProvider("provider", { url: "http://127.0.0.1:9", secret: "credentials" }));
    await create(agentConfigs, aConfig({ defaultProviders: { claude: "provider" } }));
  }

  async function succeeding(): Promise<void> {
    await create(agentRuns, aRun("succeeding", REPOSITORY));
    await untilRun("succeeding", ({ phase }) => phase === "Succeeded");
    const { repository: _, ...spec } = aRun("continuing", REPOSITORY).spec;
    await create(agentRuns, {
      metadata: { name: "continuing" },
      spec: { ...spec, continueFrom: { run: "succeeding" } },
    });
    await untilRun("continuing", ({ phase }) => phase === "Succeeded");
  }

  /** A time that was missed starts a run. */
  async function scheduled(): Promise<void> {
    const runTemplate = { spec: aRun("any", REPOSITORY).spec };
    const metadata = { name: "scheduled" };
    await create(agentSchedules, { metadata, spec: { schedule: "@hourly", runTemplate } });
    const at = { namespace, name: "scheduled" };
    await waitFor(client, agentSchedules, at, ({ status }) => status?.nextScheduleTime !== undefined);
    const status = { lastScheduleTime: "2026-01-01T00:00:00Z" };
    await client.patch(agentSchedules, at, { status }, { type: "merge", subresource: "status" });
    await waitFor(client, agentSchedules, at, (now) => now.status?.lastSuccessfulTime !== undefined);
  }

  /** Two starts of a trigger that are counted: the first makes the record, the second adds to it. */
  async function counted(): Promise<void> {
    const secretRef = { name: "credentials", key: "api-key" };
    const { spec } = aRun("any", REPOSITORY);
    const { metadata } = await client.create(agentTriggers, {
      metadata: { name: "counted", namespace },
      spec: { webhook: { source: "Generic", secretRef }, runTemplate: { spec } },
    });
    for (const name of ["counted-1", "counted-2"]) {
      await create(agentRuns, {
        metadata: {
          name,
          labels: { [LABEL_TRIGGER]: "counted" },
          annotations: { [ANNOTATION_PER_HOUR]: "2" },
          ownerReferences: [ownedByTrigger({ name: "counted", uid: metadata.uid ?? "" })],
        },
        spec,
      });
      await untilRun(name, ({ phase }) => phase === "Succeeded");
    }
  }

  async function expiring(): Promise<void> {
    await create(agentRuns, aRun("expiring", REPOSITORY, { ttlSecondsAfterFinished: 0 }));
    await waitForAbsence(client, agentRuns, { namespace, name: "expiring" });
  }

  async function cancelled(): Promise<void> {
    await create(agentRuns, aRun("cancelled", REPOSITORY, { prompt: "wait" }));
    await untilRun("cancelled", ({ phase }) => phase === "Running");
    const annotations = { [ANNOTATION_CANCEL]: "true" };
    await client.patch(agentRuns, { namespace, name: "cancelled" }, { metadata: { annotations } });
    await untilRun("cancelled", ({ reason }) => reason === "Cancelled");
  }

  /** The claim, the Job and the inputs of three runs exist already and belong to nobody. */
  async function namesTaken(): Promise<void> {
    const claim = {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
    };
    await create(persistentVolumeClaims, { metadata: { name: "claim-taken-workspace" }, spec: claim });
    const containers = [{ name: "other", image: "other", command: ["true"] }];
    const template = { spec: { restartPolicy: "Never" as const, containers } };
    await create(jobs, { metadata: { name: "job-taken" }, spec: { suspend: true, template } });
    await create(configMaps, { metadata: { name: "inputs-taken-inputs" } });
    for (const name of ["claim-taken", "job-taken", "inputs-taken"]) {
      const dependsOn = [{ run: "succeeding" }];
      await create(agentRuns, aRun(name, REPOSITORY, name === "inputs-taken" ? { dependsOn } : {}));
      await untilRun(name, ({ reason }) => reason === "NameTaken");
    }
  }

  /** What holds up a pod for long is asked of its claim and its events. */
  async function unschedulable(): Promise<void> {
    const nodeSelector = { "example.com/none": "such" };
    await create(agentRuns, aRun("unschedulable", REPOSITORY, { nodeSelector }));
    await untilRun("unschedulable", ({ reason }) => ["Unschedulable", "ClaimPending"].includes(reason ?? ""));
  }

  /** Finalizers come and go, on a run whose worktree is to be removed with it and on its workspace. */
  async function sharing(): Promise<void> {
    const repository = { url: REPOSITORY, branch: "main" };
    await create(agentWorkspaces, {
      metadata: { name: "shared" },
      spec: { repository, storageClass: "nfs-csi" },
    });
    const { repository: _, ...spec } = aRun("sharing", REPOSITORY).spec;
    const worktree = { branch: "sharing", cleanup: "OnDelete" as const };
    await create(agentRuns, {
      metadata: { name: "sharing" },
      spec: { ...spec, workspaceRef: "shared", worktree },
    });
    await untilRun("sharing", ({ phase }) => phase === "Succeeded");
    await client.delete(agentRuns, { namespace, name: "sharing" });
    await waitForAbsence(client, agentRuns, { namespace, name: "sharing" });
  }

  /** A failed init Job is removed for a new attempt, and the same events are counted. */
  async function failingWorkspace(): Promise<void> {
    const workspace: AgentWorkspace = {
      metadata: { name: "failing" },
      spec: { repository: { url: REPOSITORY, branch: "nowhere" }, storageClass: "nfs-csi" },
    };
    await create(agentWorkspaces, workspace);
    const at = { namespace, name: "failing" };
    await waitFor(client, agentWorkspaces, at, ({ status }) => status?.phase === "Failed", 60_000);
    await client.patch(agentWorkspaces, at, { metadata: { annotations: { [ANNOTATION_RETRY]: "again" } } });
    await waitFor(client, agentWorkspaces, at, ({ status }) => status?.phase === "Initializing");
    await waitFor(client, agentWorkspaces, at, ({ status }) => status?.phase === "Failed", 60_000);
  }

  async function create<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<void> {
    await client.create(type, { ...object, metadata: { ...object.metadata, namespace } });
  }

  async function untilRun(
    name: string,
    condition: (status: { phase?: string; reason?: string }) => boolean,
  ): Promise<void> {
    await waitFor(client, agentRuns, { namespace, name }, ({ status }) => condition(status ?? {}), 40_000);
  }
});
