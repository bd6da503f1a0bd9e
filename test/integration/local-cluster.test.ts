import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { secrets } from "../../src/kube/builtin.ts";
import { installOperatorAccount, operatorAuthority } from "../../src/local/service-account.ts";
import { useCluster } from "../support/cluster.ts";
import { aSecret } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";

const HOUR_MS = 3_600_000;

describe("the operator's account", { timeout: 60_000 }, () => {
  const cluster = useCluster({ operator: false });

  it("may do what the shipped role says, and no more", async () => {
    const account = "--as=system:serviceaccount:agent-operator-system:agent-operator";
    const may = async (...what: string[]): Promise<string> =>
      (await cluster.kubectl.attempt(["auth", "can-i", ...what, account])).stdout.trim();
    await installOperatorAccount(cluster.client, join(projectRoot, "config"));
    assert.equal(await may("create", "jobs.batch"), "yes");
    assert.equal(await may("patch", "agentruns.agent.xonovex.com", "--subresource=status"), "yes");
    assert.equal(await may("create", "secrets"), "no");
    assert.equal(await may("create", "pods"), "no");
    assert.equal(await may("update", "agentruns.agent.xonovex.com"), "no");
  });

  it("has a token that the server takes, and gets another before it expires", async () => {
    let now = 0;
    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfig] });
    const admin = createHttpsTransport(options);
    await installOperatorAccount(cluster.client, join(projectRoot, "config"));
    const authority = await operatorAuthority(admin, () => now);
    const transport = createHttpsTransport({
      server: options.server,
      ...(options.ca ? { ca: options.ca } : {}),
      authority,
    });
    const client = createClient(transport);
    const { namespace } = cluster;
    await client.list(secrets, { namespace });
    await assert.rejects(
      client.create(secrets, { ...aSecret("mine", { key: "x" }), metadata: { name: "mine", namespace } }),
      /system:serviceaccount:agent-operator-system:agent-operator" cannot create resource "secrets"/,
    );
    const first = (await authority()).headers?.["authorization"];
    now = HOUR_MS / 2;
    assert.equal((await authority()).headers?.["authorization"], first);
    now = HOUR_MS - 60_000;
    assert.notEqual((await authority()).headers?.["authorization"], first);
    await client.list(secrets, { namespace });
    transport.close();
    admin.close();
  });
});
