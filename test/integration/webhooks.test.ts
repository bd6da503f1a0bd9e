import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { agentConfigs, agentProviders, agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import type { Transport } from "../../src/client/transport.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { DevCluster } from "../../src/devcluster/cluster.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { decodeBase64 } from "../../src/kube/base64.ts";
import { secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { operatorAuthority, OPERATOR_NAMESPACE } from "../../src/local/service-account.ts";
import { startOperator, type Operator } from "../../src/operator/operator.ts";
import { webhookRules, webhookSecretRules } from "../../src/operator/rbac.ts";
import { renewServingKeys } from "../../src/operator/webhook-certificates.ts";
import { createLog } from "../../src/runtime/log.ts";
import { permissionsFor, permissionsOf } from "../support/api-attributes.ts";
import { locateTool } from "../../scripts/tools.ts";
import { createKubectl, type Kubectl } from "../support/kubectl.ts";
import { overlay } from "../support/kustomize.ts";
import { aConfig, aProvider, aRun, aSecret } from "../support/objects.ts";
import { freePort } from "../support/free-port.ts";
import { projectRoot } from "../support/project-files.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

interface Configuration extends KubeObject {
  webhooks: { name: string; failurePolicy: string; clientConfig: { caBundle?: string } }[];
}

const configurations = resourceType<Configuration>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
  false,
);
const services = resourceType("", "v1", "services", "Service");

const REPOSITORY = "https://git.example.com/org/repo.git";
const namespace = "default";
const CONFIGURATION = { name: "agent-operator" };
const SECRET = { namespace: OPERATOR_NAMESPACE, name: "agent-operator-webhook-tls" };
const HOST = `agent-operator-webhook.${OPERATOR_NAMESPACE}.svc`;
const CERT_MANAGER = "cert-manager.io/inject-ca-from";
/** Renewed 6 s after it was made. */
const LIFETIMES = { servingMs: 9_000, authorityMs: 600_000 };

/** Under the shipped roles, in order: each step goes on from the one before. */
describe("admission webhooks", { concurrency: false, timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  const used = new Set<string>();
  const writes: string[] = [];
  const operators: Operator[] = [];
  const ports: number[] = [];
  let cluster: DevCluster;
  let client: Client;
  let kubectl: Kubectl;
  let foreign: string;

  before(
    async () => {
      const directory = stack.use(await temporaryDirectory());
      cluster = await startDevCluster({ dataDir: join(directory.path, "cluster"), stopGraceSeconds: 0 });
      stack.defer(() => cluster.stop());
      client = createClient(cluster.transport);
      kubectl = await createKubectl(cluster.kubeconfigPath, namespace);
      const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath };
      const path = await locateTool("kubectl");
      await runOk(path, ["apply", "-k", join(projectRoot, "config", "crd")], { env });
      await runOk(path, ["apply", "-f", "-"], { env, input: await overlay(["webhooks"]) });
      ports.push(await freePort(), await freePort());
      await pointAt(ports[0] ?? 0);
      foreign = await storeForeignCertificate();
      await annotate("agents/webhook");
      for (const port of ports) operators.push(await start(port));
      stack.defer(async () => void (await Promise.all(operators.map((each) => each.stop()))));
      await operators[0]?.working;
    },
    { timeout: 30_000 },
  );
  after(() => stack.disposeAsync(), { timeout: 30_000 });

  it("are served with cert-manager's certificate where it is annotated, and nothing is written", async () => {
    for (const port of ports) {
      const { warnings } = await untilAnswered(port, foreign);
      assert.deepEqual(warnings, ["the run will wait: AgentProvider nowhere does not exist yet"]);
    }
    assert.deepEqual(writes, []);
  });

  it("are trusted by the authority of a Secret that somebody else made", async () => {
    await annotate(null);
    assert.equal(await authorityOtherThan(""), foreign);
    assert.deepEqual(writes, ["PATCH"]);
  });

  it("come with certificates of the operator's own", async () => {
    await client.delete(secrets, SECRET);
    const authority = await authorityOtherThan(foreign);
    for (const port of ports) await untilAnswered(port, authority);
  });

  it("show kubectl's user what does not resolve yet, and refuse nothing", async () => {
    await client.create(secrets, inDefault(aSecret("credentials", { "api-key": "any" })));
    const provider = aProvider("provider", { url: "http://127.0.0.1:9", secret: "credentials" });
    await client.create(agentProviders, inDefault(provider));
    await client.create(agentConfigs, inDefault(aConfig({})));
    const { repository: _, ...spec } = aRun("shared", REPOSITORY).spec;
    const onWorkspace = { ...spec, providerRef: "provider", workspaceRef: "ws", worktree: { branch: "b" } };

    await applied(aRun("waiting", REPOSITORY, { providerRef: "nowhere" }), [
      "the run will wait: AgentProvider nowhere does not exist yet",
    ]);
    await applied({ ...aConfig({}), metadata: { name: "second" } }, [
      "the namespace's runs use AgentConfig default; this one has no effect, since only one counts",
    ]);
    await applied({ ...aRun("shared", REPOSITORY), spec: onWorkspace }, [
      "the run will wait: AgentWorkspace ws does not exist yet",
    ]);
    await applied(
      { ...provider, metadata: { name: "later" }, spec: { authTokenSecretRef: { name: "no", key: "k" } } },
      ["the provider is not ready: Secret no does not exist yet"],
    );
    await applied(
      {
        ...aRun("well", REPOSITORY),
        spec: { ...spec, repository: { url: REPOSITORY }, providerRef: "provider" },
      },
      [],
    );
    await client.create(agentWorkspaces, inDefault(aWorkspace("ws")));
    const { code, stderr } = await kubectl.attempt(["delete", "agentworkspace", "ws"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(warningsIn(stderr), [
      "AgentRuns wait for AgentWorkspace ws and will go on waiting: shared",
    ]);
  });

  it("get a new certificate without a failed call", async () => {
    const authority = await authorityOtherThan("");
    await failurePolicy("Fail");
    const first = await untilAnswered(ports[0] ?? 0, authority);
    assert.notEqual(first.serial, "");
    for (let serial = first.serial; serial === first.serial; await sleep(50)) {
      await client.create(agentConfigs, inDefault({ ...aConfig({}), metadata: { name: "tried" } }), {
        dryRun: true,
      });
      ({ serial } = await ask(ports[0] ?? 0, authority));
      await ask(ports[1] ?? 0, authority);
    }
    await failurePolicy("Ignore");
    assert.equal(await authorityOtherThan(""), authority);
  });

  it("are told whom to trust again after somebody has taken it away", async () => {
    const authority = await authorityOtherThan("");
    await patchWebhook({ caBundle: null });
    assert.equal(await authorityOtherThan(""), authority);
  });

  it("need exactly the verbs of the component's roles", () => {
    const permitted = permissionsOf([...webhookRules, ...webhookSecretRules]);
    assert.deepEqual([...used].toSorted(), permitted.toSorted());
  });

  it("block nothing when the operator is gone", async () => {
    for (const operator of operators.splice(0)) await operator.stop();
    const authority = await authorityOtherThan("");
    for (const port of ports) await assert.rejects(ask(port, authority), { code: "ECONNREFUSED" });
    await applied(aRun("afterwards", REPOSITORY, { providerRef: "nowhere" }), []);
  });

  async function start(port: number): Promise<Operator> {
    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfigPath] });
    const authority = await operatorAuthority(cluster.transport, () => performance.now());
    const { server, ca } = options;
    const transport = createHttpsTransport({ server, ...(ca === undefined ? {} : { ca }), authority });
    stack.defer(() => transport.close());
    return startOperator({
      transport: recording(transport),
      leaderElect: true,
      leaseNamespace: OPERATOR_NAMESPACE,
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
      webhookBindAddress: `127.0.0.1:${port}`,
      webhookCertificates: LIFETIMES,
      log: createLog({ level: "silent" }),
    });
  }

  /** Notes what is asked for because of webhooks. */
  function recording(transport: Transport): Transport {
    return (request) => {
      const { method, path } = request;
      if (/\/validatingwebhookconfigurations|\/agent-operator-system\/secrets/.test(path)) {
        for (const permission of permissionsFor(request)) used.add(permission);
        if (method !== "GET") writes.push(method);
      }
      return transport(request);
    };
  }

  /** A Service that stands for this machine, and the port of one replica. */
  async function pointAt(port: number): Promise<void> {
    const at = { namespace: OPERATOR_NAMESPACE, name: "agent-operator-webhook" };
    const spec = { type: "ExternalName", externalName: "localhost", selector: null, ports: null };
    await client.patch(services, at, { spec });
    const path = "/webhooks/0/clientConfig/service/port";
    await client.patch(configurations, CONFIGURATION, [{ op: "replace", path, value: port }], {
      type: "json",
    });
  }

  /** Gives the authority. */
  async function storeForeignCertificate(): Promise<string> {
    const { keys } = await renewServingKeys(undefined, [HOST], Date.now());
    const authority = keys.authorities.join("");
    const files = { "tls.crt": keys.certificate, "tls.key": keys.key, "ca.crt": authority };
    await client.create(secrets, { ...aSecret("", files), metadata: SECRET, type: "kubernetes.io/tls" });
    return authority;
  }

  async function annotate(certificate: string | null): Promise<void> {
    const annotations = { [CERT_MANAGER]: certificate };
    await client.patch(configurations, CONFIGURATION, { metadata: { annotations } });
  }

  async function failurePolicy(policy: "Fail" | "Ignore"): Promise<void> {
    const change = [{ op: "replace", path: "/webhooks/0/failurePolicy", value: policy }];
    await client.patch(configurations, CONFIGURATION, change, { type: "json" });
  }

  async function patchWebhook({ caBundle }: { caBundle: null }): Promise<void> {
    const webhooks = [{ name: "warnings.agent.xonovex.com", clientConfig: { caBundle } }];
    await client.patch(configurations, CONFIGURATION, { webhooks }, { type: "strategic" });
  }

  /** Whom the configuration trusts, as soon as that is somebody else. */
  async function authorityOtherThan(before: string): Promise<string> {
    const authorityIn = ({ webhooks }: Configuration): string =>
      decodeBase64(webhooks[0]?.clientConfig.caBundle ?? "");
    const found = await waitFor(client, configurations, CONFIGURATION, (configuration) => {
      const authority = authorityIn(configuration);
      return authority !== "" && authority !== before;
    });
    return authorityIn(found);
  }

  async function applied(object: KubeObject & { spec?: unknown }, warnings: string[]): Promise<void> {
    const options = { input: JSON.stringify(object) };
    const { code, stderr } = await kubectl.attempt(["apply", "-f", "-"], options);
    assert.equal(code, 0, stderr);
    assert.deepEqual(warningsIn(stderr), warnings);
  }
});

function inDefault<T extends KubeObject>(object: T): T {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function aWorkspace(name: string) {
  return { metadata: { name }, spec: { repository: { url: REPOSITORY }, storageClass: "nfs-csi" } };
}

function warningsIn(stderr: string): string[] {
  return stderr.split("\n").flatMap((line) => /^Warning: (.*)$/.exec(line)?.[1] ?? []);
}

interface Answer {
  warnings: string[];
  /** Of the certificate that it was given with. */
  serial: string;
}

/** Asks until the replica has warmed up: its certificate is there and its caches are filled. */
async function untilAnswered(port: number, ca: string): Promise<Answer> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const answer = await ask(port, ca).catch(() => undefined);
    if (answer !== undefined && answer.warnings.length > 0) return answer;
    assert.ok(performance.now() < deadline, `no answer on port ${port}`);
    await sleep(20);
  }
}

/** Asks a replica as an API server does, on a connection of its own. */
async function ask(port: number, ca: string): Promise<Answer> {
  const run: AgentRun = inDefault(aRun("asked", REPOSITORY, { providerRef: "nowhere" }));
  const kind = { group: agentRuns.group, version: agentRuns.version, kind: agentRuns.kind };
  const review = { uid: "1", kind, operation: "CREATE", namespace, object: run, oldObject: null };
  const options = { method: "POST", ca, servername: HOST, agent: false, timeout: 5_000 } as const;
  const asking = request(`https://127.0.0.1:${port}/validate?timeout=2s`, options);
  asking.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: review }));
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const { socket } = response;
  const serial = socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : "";
  const answered = (await json(response)) as { response: { allowed: boolean; warnings?: string[] } };
  assert.equal(answered.response.allowed, true);
  return { warnings: answered.response.warnings ?? [], serial };
}
