import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { Pod } from "../../src/kube/builtin.ts";
import { readOutput } from "../../src/operator/pod-output.ts";
import { startScriptedServer } from "../support/scripted-server.ts";

const terminated = { exitCode: 0, startedAt: "2026-11-27T10:00:00Z", finishedAt: "2026-11-27T10:01:00Z" };
const container = { name: "agent", image: "i", imageID: "", ready: false, restartCount: 0 };
const pod: Pod = {
  metadata: { namespace: "n", name: "a" },
  spec: { containers: [] },
  status: { containerStatuses: [{ ...container, state: { terminated } }] },
};

/** What is read of the log where every request gets this answer. */
async function readAgain(code: number, body: string, sinceEndMs: number, of = pod): Promise<unknown> {
  await using server = await startScriptedServer((_request, response) => {
    response.writeHead(code).end(body);
  });
  const transport = createHttpsTransport({ server: server.url });
  try {
    return await readOutput(createClient(transport), of, sinceEndMs);
  } catch (error) {
    return error;
  } finally {
    transport.close();
  }
}

test("no single refusal loses the log: it is asked for again until its node has had its time", async () => {
  for (const code of [400, 401, 403, 404, 408, 429, 500, 503]) {
    assert(isApiError(await readAgain(code, "no", 1_000)), String(code));
    const given = await readAgain(code, "no", 121_000);
    assert(typeof given === "object" && given !== null && "missing" in given, String(code));
  }
});

test("what a kubelet says in place of a log is none", async () => {
  const words = "unable to retrieve container logs for containerd://0123";
  assert(((await readAgain(200, words, 1_000)) as Error).message === words);
  assert.deepEqual(await readAgain(200, words, 121_000), { missing: words });
  assert.deepEqual(await readAgain(200, `${words}\nand more\n`, 0), { tail: `${words}\nand more\n` });
});

test("a log that is known to be gone is not waited for", async () => {
  const deleting = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-11-27T10:00:00Z" } };
  assert("missing" in ((await readAgain(404, "no", 0, deleting)) as object));
  const evicted = { ...pod, status: { ...pod.status, reason: "Evicted" } };
  const words = "unable to retrieve container logs for containerd://0123";
  assert.deepEqual(await readAgain(200, words, 0, evicted), { missing: words });
  const state = { terminated: { ...terminated, startedAt: null } };
  const neverMade = {
    ...pod,
    status: { containerStatuses: [{ ...container, state }] },
  } as unknown as Pod;
  assert.deepEqual(await readAgain(400, "is terminated", 0, neverMade), { missing: "the agent never ran" });
});

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
