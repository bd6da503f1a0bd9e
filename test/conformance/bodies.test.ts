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
  body: { message?: string; metadata?: { uid?: string }; data?: unknown };
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

const PATCHES: readonly [what: string, type: string, body: string, complaints: string[]][] = [
  [
    "a merge patch",
    "merge-patch+json",
    '{"data":{"k":"1","k":"2"},"spec":{"a":1,"a":2}}',
    ['duplicate field "data.k"', 'duplicate field "spec.a"', 'unknown field "spec"'],
  ],
  [
    "a strategic merge patch",
    "strategic-merge-patch+json",
    '{"data":{"k":"1","k":"2"},"more":1}',
    ['duplicate field "data.k"', 'unknown field "more"'],
  ],
  [
    "a JSON patch",
    "json-patch+json",
    '[{"op":"add","path":"/data","value":{"k":"2"},"foo":1},{"op":"test","op":"add","path":"/more","value":1}]',
    ['json patch unknown field "[0].foo"', 'json patch duplicate field "[1].op"', 'unknown field "more"'],
  ],
];

for (const [what, type, patch, complaints] of PATCHES) {
  test(`${what} that sets a field twice is refused under Strict and warned of under Warn`, async () => {
    const path = `${MAPS}/${type.replace("+json", "")}`;
    await send("POST", MAPS, `{"metadata":{"name":"${type.replace("+json", "")}"}}`);
    const strict = await send("PATCH", `${path}?fieldValidation=Strict`, patch, `application/${type}`);
    assert.equal(strict.status, 422);
    const why = `strict decoding error: ${complaints.join(", ")}`;
    assert.ok(strict.body.message?.endsWith(why), strict.body.message);
    assert.match(strict.body.message ?? "", /^ "" is invalid: patch: Invalid value: /);
    const warned = await send("PATCH", path, patch, `application/${type}`);
    assert.equal(warned.status, 200);
    const warnings = complaints.map((text) => `299 - "${text.replaceAll('"', '\\"')}"`).join(", ");
    assert.equal(warned.warning, warnings);
    assert.deepEqual(warned.body.data, { k: "2" }, "the last counts");
    const passed = await send("PATCH", `${path}?fieldValidation=Ignore`, patch, `application/${type}`);
    assert.deepEqual([passed.status, passed.warning], [200, undefined]);
  });
}

const TWICE = "data:\n  k: '1'\n  k: '2'\nmetadata:\n  name: NAME\n  name: NAME\n";
const TWICE_SET = ['line 5: key "k" already set in map', 'line 8: key "name" already set in map'];

for (const [what, method, type, head] of [
  ["a YAML body", "POST", "application/yaml", "strict decoding error"],
  [
    "an applied configuration",
    "PATCH",
    "application/apply-patch+yaml",
    "error strict decoding YAML: error converting YAML to JSON",
  ],
] as const) {
  test(`${what} that sets a key twice is refused under Strict and warned of under Warn`, async () => {
    const write = (fieldValidation: string) => {
      const name = `${fieldValidation}-${method}`.toLowerCase();
      const path = method === "POST" ? MAPS : `${MAPS}/${name}`;
      const body = `apiVersion: v1\nkind: ConfigMap\n${TWICE.replaceAll("NAME", name)}`;
      return send(method, `${path}?fieldManager=t&fieldValidation=${fieldValidation}`, body, type);
    };
    const strict = await write("Strict");
    assert.equal(strict.status, 400);
    const why = `${head}: yaml: unmarshal errors:\n  ${TWICE_SET.join("\n  ")}`;
    assert.ok(strict.body.message?.endsWith(why), strict.body.message);
    const warned = await write("Warn");
    assert.equal(warned.status, 201, warned.body.message);
    assert.equal(
      warned.warning,
      TWICE_SET.map((line) => `299 - "${line.replaceAll('"', '\\"')}"`).join(", "),
    );
    assert.deepEqual(warned.body.data, { k: "2" }, "the last counts");
  });
}

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
  assert.equal(status, 422);
  assert.match(body.message ?? "", /metadata\.uid: Invalid value: "0{8}-.*field is immutable/);
});

test("a YAML body of very many keys does not hold the server up", { timeout: 60_000 }, async () => {
  const data = Array.from({ length: 80_000 }, (_, index) => `  k${index}: ""\n`).join("");
  const body = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: many\ndata:\n${data}`;
  assert.equal((await send("POST", MAPS, body, "application/yaml")).status, 201);
});
