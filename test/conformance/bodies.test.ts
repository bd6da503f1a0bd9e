import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";

/** Bodies that clients get wrong. */

const MAPS = "/api/v1/namespaces/default/configmaps";

let server: ApiServer;
before(async () => (server = await createApiServer()));
after(() => server.close());

interface Answer {
  status: number;
  warning: string | undefined;
  body: { message?: string; metadata?: { uid?: string } };
}

async function send(
  method: "POST" | "PATCH",
  path: string,
  body: string,
  type = "application/json",
): Promise<Answer> {
  const response = await server.transport()({ method, path, headers: { "content-type": type }, body });
  const text = await response.text();
  return {
    status: response.status,
    warning: response.headers["warning"],
    body: JSON.parse(text) as Answer["body"],
  };
}

test("a field that is set twice is refused under Strict and warned of under Warn", async () => {
  const body = '{"metadata":{"name":"twice","labels":{"a":"1","a":"2"}},"data":{"k":"1"},"data":{"k":"2"}}';
  const complaint = 'duplicate field "metadata.labels.a", duplicate field "data"';
  const strict = await send("POST", `${MAPS}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.ok(strict.body.message?.endsWith(`strict decoding error: ${complaint}`), strict.body.message);
  const warned = await send("POST", `${MAPS}?fieldValidation=Warn`, body);
  assert.equal(warned.status, 201);
  assert.match(warned.warning ?? "", /299 - "duplicate field \\"data\\""/);
});

for (const [what, method, path, type] of [
  ["JSON", "POST", MAPS, "application/json"],
  ["YAML", "POST", MAPS, "application/yaml"],
  ["a merge patch", "PATCH", `${MAPS}/deep`, "application/merge-patch+json"],
  ["a JSON patch", "PATCH", `${MAPS}/deep`, "application/json-patch+json"],
  ["an applied configuration", "PATCH", `${MAPS}/deep?fieldManager=t`, "application/apply-patch+yaml"],
] as const) {
  test(`${what} that nests too deep is refused`, async () => {
    await send("POST", MAPS, '{"metadata":{"name":"deep"}}');
    for (const levels of [1_100, 100_000]) {
      const body = `{"data":${"[".repeat(levels)}${"]".repeat(levels)}}`;
      assert.equal((await send(method, path, body, type)).status, 400);
    }
  });
}

test("a patch that names another object's uid is refused", async () => {
  await send("POST", MAPS, '{"metadata":{"name":"mine"}}');
  const patch = '{"metadata":{"uid":"00000000-0000-0000-0000-000000000000"},"data":{"a":"b"}}';
  const { status, body } = await send("PATCH", `${MAPS}/mine`, patch, "application/merge-patch+json");
  assert.equal(status, 409);
  assert.match(body.message ?? "", /Precondition failed: UID in precondition: 0{8}-/);
});
