import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { readOutput } from "../../src/operator/pod-evidence.ts";
import { startScriptedServer } from "../support/scripted-server.ts";

const pod = { metadata: { namespace: "n", name: "a" }, spec: { containers: [] } };

test("a log that breaks off is asked for again, until its node has had its time", async () => {
  await using server = await startScriptedServer((_request, response) => {
    response.writeHead(200).write("the first words", () => response.destroy());
  });
  const transport = createHttpsTransport({ server: server.url });
  const client = createClient(transport);
  await assert.rejects(readOutput(client, pod, 1_000), (error) => isApiError(error, "") && error.code === 0);
  const given = await readOutput(client, pod, 121_000);
  assert("missing" in given && given.missing !== "");
  transport.close();
});

test("of a long log the end is read", async () => {
  const line = `${"x".repeat(1_000)}\n`;
  await using server = await startScriptedServer((_request, response) => {
    response.writeHead(200).end(`${line.repeat(6_000)}the last words`);
  });
  const transport = createHttpsTransport({ server: server.url });
  const output = await readOutput(createClient(transport), pod, 0);
  assert("tail" in output && output.tail.endsWith("\nthe last words"));
  assert.equal(output.tail.length, 2 * 1024 * 1024);
  assert.equal(server.seen[0]?.query.get("tailLines"), "2000");
  transport.close();
});
