import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { agentProviders } from "../../src/api/resources.ts";
import { createClient } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { type KubeObject } from "../../src/kube/objects.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { installDefinitions } from "../../src/local/install.ts";
import {
  installOperatorAccount,
  operatorAuthority,
  OPERATOR_NAMESPACE,
} from "../../src/local/service-account.ts";
import { startOperator } from "../../src/operator/operator.ts";
import { operatorRules, type PolicyRule } from "../../src/operator/rbac.ts";
import { createLog } from "../../src/runtime/log.ts";
import { aProvider, aSecret } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor } from "../support/wait-for.ts";

interface ClusterRole extends KubeObject {
  rules: readonly PolicyRule[];
}

const clusterRoles = resourceType<ClusterRole>(
  "rbac.authorization.k8s.io",
  "v1",
  "clusterroles",
  "ClusterRole",
  false,
);
const namespace = "default";

it(
  "works under a role that is narrowed to named Secrets, and reads no other",
  { timeout: 60_000 },
  async () => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const cluster = await startDevCluster({ dataDir: join(directory.path, "cluster"), stopGraceSeconds: 0 });
    stack.defer(() => cluster.stop());
    const client = createClient(cluster.transport);
    const config = join(projectRoot, "config");
    await installDefinitions(client);
    await installOperatorAccount(client, config);
    const rules = operatorRules.map((rule) =>
      rule.resources.includes("secrets") ? { ...rule, resourceNames: ["first", "second"] } : rule,
    );
    await client.patch(clusterRoles, { name: "agent-operator" }, { rules });

    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfigPath] });
    const authority = await operatorAuthority(cluster.transport, () => performance.now());
    const { server, ca } = options;
    const transport = createHttpsTransport({ server, ...(ca === undefined ? {} : { ca }), authority });
    stack.defer(() => transport.close());
    await assert.rejects(createClient(transport).list(secrets, { namespace }), { code: 403 });
    const operator = await startOperator({
      transport,
      secretNames: ["first", "second"],
      leaseNamespace: OPERATOR_NAMESPACE,
      log: createLog({ level: "silent" }),
      healthProbeBindAddress: "0",
      metricsBindAddress: "0",
    });
    stack.defer(() => operator.stop());
    await operator.working;

    const ready = async (name: string, expected: boolean) => {
      const is = ({ status }: { status?: { ready?: boolean } }) => status?.ready === expected;
      await waitFor(client, agentProviders, { namespace, name }, is, 5_000);
    };
    for (const name of ["first", "second", "other"]) {
      const provider = aProvider(name, { url: "http://gateway:8317", secret: name });
      await client.create(agentProviders, { ...provider, metadata: { name, namespace } });
      await ready(name, false);
    }
    for (const name of ["other", "second", "first"]) {
      await client.create(secrets, {
        ...aSecret(name, { "api-key": "value" }),
        metadata: { name, namespace },
      });
    }
    await Promise.all([ready("first", true), ready("second", true)]);
    await client.delete(secrets, { namespace, name: "second" });
    await ready("second", false);
    await Promise.all([ready("first", true), ready("other", false)]);
  },
);
