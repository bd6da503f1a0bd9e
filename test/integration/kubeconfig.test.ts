import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { kubeconfigTransport, loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { locateTool } from "../../scripts/tools.ts";
import { run } from "../support/run.ts";
import { answerJson, startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

test("a kubeconfig's certificates come as data or as files beside it, the first file that names something wins", async () => {
  await using directory = await temporaryDirectory();
  const [first, second] = [join(directory.path, "first"), join(directory.path, "second")];
  await writeFile(join(directory.path, "ca.crt"), "CA");
  await writeFile(join(directory.path, "key"), "KEY");
  await writeFile(
    first,
    `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://one:6443", certificate-authority: ca.crt, tls-server-name: other}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}, {name: other, context: {cluster: c2, user: t}}]
`,
  );
  await writeFile(
    second,
    `current-context: x
clusters: [{name: c, cluster: {server: "https://never"}}, {name: c2, cluster: {server: "https://two", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {client-certificate-data: ${base64("CERT")}, client-key: key}}, {name: t, user: {token: secret, as: jane, as-uid: "7", as-groups: [a, b], as-user-extra: {example.com/scope: [x]}}}]
`,
  );
  const paths = [first, join(directory.path, "missing"), second];
  assert.deepEqual(await loadKubeconfig({ paths }), {
    options: {
      server: "https://one:6443",
      ca: "CA",
      tlsServerName: "other",
      certificate: { cert: "CERT", key: "KEY" },
    },
    context: "x",
    namespace: "team",
  });
  const { options, namespace } = await loadKubeconfig({ paths, context: "other" });
  assert.equal(namespace, "default");
  assert.equal(options.insecureSkipTlsVerify, true);
  assert.deepEqual(await options.authority?.(), { headers: { authorization: "Bearer secret" } });
  assert.deepEqual(options.headers, {
    "impersonate-user": "jane",
    "impersonate-uid": "7",
    "impersonate-group": ["a", "b"],
    "impersonate-extra-example.com%2Fscope": ["x"],
  });
  const asOther = { user: "joe", groups: ["c"] };
  const { options: other } = await loadKubeconfig({ paths, context: "other", as: asOther });
  assert.deepEqual(other.headers, { "impersonate-user": "joe", "impersonate-group": ["c"] });
});

const V1 = "client.authentication.k8s.io/v1";

function withUser(user: string): string {
  return `current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://s"}}]
users: [{name: u, user: ${user}}]
`;
}

test("kubectl refuses the same texts, and takes an entry without a name", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "config");
  const contents = [
    ["contexts: [{name: y}]", true],
    ["users: [{name: 1}]", true],
    ["current-context: on", true],
    ["users: [{name: u}, {name: u}]", true],
    [withUser("{token: 12}"), true],
    [`${withUser("{token: t}")}Unknown: [{}]\n`, false],
    [withUser("{token: t}").replace("users: [", "users: [{user: {token: s}}, "), false],
  ] as const;
  const kubectl = await locateTool("kubectl");
  for (const [content, refused] of contents) {
    await writeFile(path, content);
    const { code } = await run(kubectl, ["--kubeconfig", path, "config", "get-contexts"]);
    assert.equal(code !== 0, refused, `kubectl: ${content}`);
    const loaded = loadKubeconfig({ paths: [path] });
    await (refused ? assert.rejects(loaded, content) : loaded);
  }
});

test("a kubeconfig that cannot be used says where and why, and shows no secret", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "config");
  const refused: [string, RegExp][] = [
    ["clusters: []", /config: no current-context/],
    ["current-context: x", /contexts has no entry "x"; there is: none/],
    ["current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", /clusters has no entry "c"/],
    ["- a list", /is empty or no mapping/],
    ["users:\n- name: u\n  user: {token: hunter2\n  x", /is no valid YAML at line \d+ \([A-Z_]+\)$/],
    [
      "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: s, certificate-authority: gone}}]\nusers: [{name: u}]",
      /cannot read certificate-authority of "c"/,
    ],
    ["contexts: [{name: y}]", /an entry of contexts: name is true or false, not a text; put it in quotes/],
    ["users: [{name: 1}]", /an entry of users: name is a number, not a text; put it in quotes/],
    ["current-context: on", /current-context is true or false, not a text/],
    ["users: [{name: u}, {name: u}]", /users names "u" twice/],
    [withUser("{token: 12}"), /user "u": token is a number, not a text; put it in quotes/],
    [withUser("{token: hunter2, username: jane}"), /user "u" has a token and a username/],
    [withUser("{client-certificate-data: eA==}"), /needs both client-certificate and client-key/],
    [withUser("{as-groups: [g]}"), /user "u" has a uid, groups or user-extra to impersonate, and no user/],
    [
      withUser("{auth-provider: {name: oidc, config: {id-token: hunter2}}}"),
      /"oidc", which is not supported/,
    ],
    [withUser("{exec: {apiVersion: v2}}"), /exec: apiVersion "v2" is not supported/],
    [withUser(`{exec: {apiVersion: ${V1}, interactiveMode: Never}}`), /exec: command is missing/],
    [withUser(`{exec: {apiVersion: ${V1}, command: c}}`), /interactiveMode is missing; expected Never/],
    [withUser(`{exec: {apiVersion: ${V1}, command: c, interactiveMode: Maybe}}`), /interactiveMode is Maybe/],
  ];
  for (const [content, wanted] of refused) {
    await writeFile(path, content);
    await assert.rejects(loadKubeconfig({ paths: [path] }), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, wanted);
      assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hunter2/);
      return true;
    });
  }
  await assert.rejects(loadKubeconfig({ paths: ["/nowhere"] }), /no kubeconfig at \/nowhere; set KUBECONFIG/);
});

test("without TLS no proof of who the user is leaves the machine", async () => {
  await using directory = await temporaryDirectory();
  await using server = await startScriptedServer((_request, response) => answerJson(response, 200, {}));
  const path = join(directory.path, "config");
  await writeFile(path, withUser("{token: hunter2, as: jane}").replace("https://s", server.url));
  const { transport } = await kubeconfigTransport({ paths: [path] });
  await createClient(transport).getText("/version");
  transport.close();
  const [seen] = server.seen;
  assert.equal(seen?.headers.authorization, undefined);
  assert.equal(seen?.headers["impersonate-user"], "jane");
});
