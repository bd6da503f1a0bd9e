import assert from "node:assert/strict";
import { it } from "node:test";
import { createClient } from "../client/client.ts";
import { createApiServer } from "../devcluster/apiserver/server.ts";
import { customResourceDefinitions } from "../kube/cluster-kinds.ts";
import type { KubeObject } from "../kube/objects.ts";
import { builtDefinitions } from "./definitions.generated.ts";
import { installDefinitions } from "./install.ts";

it("the definitions that are built are ones which a server takes that does not know them", async () => {
  const server = await createApiServer();
  const client = createClient(server.transport());
  await installDefinitions(client);
  const { items } = await client.list(customResourceDefinitions, undefined);
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name).toSorted(),
    builtDefinitions()
      .map(({ metadata }) => metadata.name)
      .toSorted(),
  );
  await server.close();
});

it("a server judges what differs from the definitions that it knows", async () => {
  const server = await createApiServer({ knownDefinitions: builtDefinitions() });
  const client = createClient(server.transport());
  const [first] = builtDefinitions();
  assert.ok(first);
  const text = JSON.stringify(first).replace('"rule":"', '"rule":"unheardOf + ');
  assert.notEqual(text, JSON.stringify(first));
  const changed = JSON.parse(text) as KubeObject;
  await assert.rejects(client.create(customResourceDefinitions, changed), /compilation failed/);
  await server.close();
});
