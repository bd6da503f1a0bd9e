import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { answerJson, failureStatus, startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const V1 = "client.authentication.k8s.io/v1";
const V1BETA1 = "client.authentication.k8s.io/v1beta1";
const limit = { timeout: 20_000 };
const loggedIn = (status: object, apiVersion = V1): string =>
  JSON.stringify({ apiVersion, kind: "ExecCredential", status });

/** A server that lets `Bearer good-N` in, and a program that logs in there and counts how often it was asked. */
async function setUp(stack: AsyncDisposableStack, accepted = "good-1") {
  const directory = stack.use(await temporaryDirectory()).path;
  const server = stack.use(
    await startScriptedServer(
      (request, response) =>
        request.headers.authorization === `Bearer ${accepted}`
          ? answerJson(response, 200, { path: request.path, body: request.body })
          : answerJson(response, 401, failureStatus(401, "Unauthorized", "Unauthorized")),
      { protocol: "HTTP/2" },
    ),
  );
  const connect = async (exec: object, cluster: object = {}) => {
    const path = join(directory, "config");
    const authority = Buffer.from(server.options.ca ?? "").toString("base64");
    await writeFile(
      path,
      JSON.stringify({
        "current-context": "x",
        contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
        clusters: [
          { name: "c", cluster: { server: server.url, "certificate-authority-data": authority, ...cluster } },
        ],
        users: [{ name: "u", user: { exec: { apiVersion: V1, interactiveMode: "Never", ...exec } } }],
      }),
    );
    const { transport } = await kubeconfigTransport({ paths: [path], environment: process.env });
    stack.defer(() => transport.close());
    return createClient(transport);
  };
  /** A program that prints `output`; in it, N is how often it has run. */
  const program = async (output: string, more = ""): Promise<string> => {
    const text = `#!/bin/sh
echo asked >> ${directory}/count
${more}
sed "s/NUMBER/$(wc -l < ${directory}/count)/" <<'END'
${output}
END
`;
    await writeFile(join(directory, "plugin"), text, { mode: 0o755 });
    // Relative: the kubeconfig's own folder holds it.
    return "./plugin";
  };
  const runs = async (): Promise<number> =>
    (await readFile(join(directory, "count"), "utf8").catch(() => "")).split("\n").length - 1;
  return { directory, server, connect, program, runs };
}

test("a program is asked once for requests that start together, and its credential kept", limit, async () => {
  await using stack = new AsyncDisposableStack();
  const { connect, program, runs } = await setUp(stack);
  const status = { token: "good-NUMBER", expirationTimestamp: "2999-01-01T00:00:00Z" };
  const client = await connect({ command: await program(loggedIn(status)) });
  await Promise.all(["/a", "/b", "/c"].map((path) => client.getText(path)));
  await client.getText("/d");
  assert.equal(await runs(), 1);
});

test("a credential that has expired is asked for again", limit, async () => {
  await using stack = new AsyncDisposableStack();
  const { connect, program, runs, server } = await setUp(stack);
  const status = { token: "good-1", expirationTimestamp: "2020-01-01T00:00:00Z" };
  const command = await program(loggedIn(status, V1BETA1));
  const client = await connect({ command, apiVersion: V1BETA1, interactiveMode: undefined });
  await client.getText("/a");
  await client.getText("/b");
  assert.equal(await runs(), 2);
  assert.equal(server.seen.length, 2);
});

test(
  "a credential that the server refuses is asked for again, and the request sent once more",
  limit,
  async () => {
    await using stack = new AsyncDisposableStack();
    const { connect, program, runs, server } = await setUp(stack, "good-2");
    const client = await connect({ command: await program(loggedIn({ token: "good-NUMBER" })) });
    assert.deepEqual(JSON.parse(await client.getText("/a")), { path: "/a", body: "" });
    assert.equal(await runs(), 2);
    assert.deepEqual(
      server.seen.map(({ headers }) => headers.authorization),
      ["Bearer good-1", "Bearer good-2"],
    );
    // Another server would let nobody in: it is asked no more often than twice.
    const refused = await setUp(stack, "never");
    const nobody = await refused.connect({ command: await refused.program(loggedIn({ token: "x" })) });
    await assert.rejects(nobody.getText("/a"), { code: 401 });
    assert.equal(refused.server.seen.length, 2);
  },
);

test("a program gets its arguments, its variables and what it asks for of the cluster", limit, async () => {
  await using stack = new AsyncDisposableStack();
  const { connect, program, directory, server } = await setUp(stack);
  const command = await program(
    loggedIn({ token: "good-1" }),
    `printf '%s\\n' "$1" "$GREETING" "$KUBERNETES_EXEC_INFO" > ${directory}/seen`,
  );
  const env = [{ name: "GREETING", value: "hello" }];
  const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a" } }];
  const client = await connect(
    { command, args: ["--one"], env, provideClusterInfo: true },
    { extensions, "tls-server-name": "localhost" },
  );
  await client.getText("/a");
  const [argument, greeting, info = ""] = (await readFile(join(directory, "seen"), "utf8")).split("\n");
  assert.deepEqual([argument, greeting], ["--one", "hello"]);
  const authority = Buffer.from(server.options.ca ?? "").toString("base64");
  assert.deepEqual(JSON.parse(info), {
    apiVersion: V1,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        server: server.url,
        "tls-server-name": "localhost",
        "certificate-authority-data": authority,
        config: { audience: "a" },
      },
    },
  });
});

test("a program that cannot be used says why, and shows nothing that it printed", limit, async () => {
  await using stack = new AsyncDisposableStack();
  const { connect, program } = await setUp(stack);
  const missing = { command: "no-such-program", installHint: "apt install it\u001b[31m" };
  await assert.rejects((await connect(missing)).getText("/a"), {
    message: /the program no-such-program was not found; install it\n\napt install it\[31m$/,
  });
  await assert.rejects(
    (await connect({ command: await program("hunter2", "exit 3") })).getText("/a"),
    /plugin failed with exit code 3/,
  );
  const always = { command: await program("hunter2"), interactiveMode: "Always" };
  await assert.rejects((await connect(always)).getText("/a"), /standard input is not a terminal/);
  const outputs: [string, RegExp][] = [
    ["hunter2", /printed no ExecCredential in JSON/],
    [loggedIn({ token: "hunter2" }, V1BETA1), /printed a credential of another one/],
    [loggedIn({}), /printed neither a token nor a certificate/],
    [loggedIn({ clientKeyData: "hunter2" }), /a certificate without its key, or a key alone/],
    [loggedIn({ token: "hunter2", expirationTimestamp: "soon" }), /expirationTimestamp that is no time/],
  ];
  for (const [output, wanted] of outputs) {
    const client = await connect({ command: await program(output) });
    await assert.rejects(client.getText("/a"), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, wanted);
      assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hunter2/);
      return true;
    });
  }
});
