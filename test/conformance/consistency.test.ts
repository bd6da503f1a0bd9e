import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Transport } from "../../src/client/transport.ts";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { send } from "./requests.ts";

const PATH = "/api/v1/namespaces/default/configmaps";

let server: ApiServer;
let transport: Transport;
before(async () => {
  server = await createApiServer();
  transport = server.transport();
});
after(() => server.close());

interface Page {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: { metadata: { name: string }; data?: Record<string, string> }[];
}

async function page(query: string): Promise<Page> {
  const { status, body } = await send(transport, "GET", `${PATH}?${query}`);
  assert.equal(status, 200, body.message);
  return body as unknown as Page;
}

const create = (name: string) => send(transport, "POST", PATH, { metadata: { name }, data: { at: "first" } });

function names({ items }: Page): string[] {
  return items.map(({ metadata }) => metadata.name);
}

test("pages show the state at the time of the first, whatever happens in between", async () => {
  for (const name of ["a", "b", "c", "d", "e"]) await create(name);
  const first = await page("limit=2");
  assert.deepEqual(names(first), ["a", "b"]);
  assert.equal(first.metadata.remainingItemCount, 3);
  await send(transport, "DELETE", `${PATH}/c`);
  await create("bb");
  await send(transport, "PATCH", `${PATH}/d`, { data: { at: "later" } });
  const second = await page(`limit=10&continue=${first.metadata.continue}`);
  assert.deepEqual(names(second), ["c", "d", "e"]);
  assert.equal(second.items[1]?.data?.["at"], "first");
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  assert.equal(second.metadata.continue, undefined);
  const exact = await page(`resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`);
  assert.deepEqual(names(exact), ["a", "b", "c", "d", "e"]);
});

test("what is forgotten is answered with 410, and the rest of a list can still be had", async () => {
  const first = await page("limit=2");
  const changes = 9000;
  for (let index = 0; index < changes; index++) {
    await send(transport, "PATCH", `${PATH}/a`, { data: { count: String(index) } });
  }
  const old = first.metadata.resourceVersion;
  const watched = await transport({ method: "GET", path: `${PATH}?watch=true&resourceVersion=${old}` });
  assert.equal(watched.status, 200);
  const event = JSON.parse(await watched.text()) as {
    type: string;
    object: { code: number; message: string };
  };
  assert.equal(event.type, "ERROR");
  assert.equal(event.object.code, 410);
  assert.match(event.object.message, new RegExp(`^too old resource version: ${old} \\(\\d+\\)$`));
  const rest = await send(transport, "GET", `${PATH}?limit=2&continue=${first.metadata.continue}`);
  assert.equal(rest.status, 410);
  assert.match(rest.body.message ?? "", /^The provided continue parameter is too old/);
  const token = (rest.body["metadata"] as { continue: string }).continue;
  const inconsistent = await page(`limit=2&continue=${token}`);
  assert.deepEqual(names(inconsistent), ["bb", "d"]);
});

test("a dropped selector, a bad token and a future version are refused", async () => {
  const refusals: [query: string, status: number, message: RegExp][] = [
    ["continue=nonsense", 400, /^invalid continue token: continue key is not valid/],
    ["resourceVersion=999999999", 504, /Too large resource version: 999999999/],
    ["resourceVersionMatch=Exact", 422, /forbidden unless resourceVersion is provided/],
    ["labelSelector=a%20in", 400, /unable to parse requirement/],
    ["limit=some", 400, /invalid syntax/],
  ];
  for (const [query, status, message] of refusals) {
    const answer = await send(transport, "GET", `${PATH}?${query}`);
    assert.equal(answer.status, status, query);
    assert.match(answer.body.message ?? "", message);
  }
});
