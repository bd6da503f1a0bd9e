import assert from "node:assert/strict";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import { ApiError } from "../../src/client/errors.ts";
import { createHttpsTransport, type HttpsTransportOptions } from "../../src/client/transport-https.ts";
import type { Transport } from "../../src/client/transport.ts";
import { configMaps } from "../../src/kube/builtin.ts";
import { startEmbeddedApiServer, throughRelay } from "../support/api-server.ts";
import { startChaosProxy } from "../support/chaos-proxy.ts";
import { answerJson, startScriptedServer } from "../support/scripted-server.ts";
import type { Answer, ScriptedServer, ScriptedServerOptions } from "../support/scripted-server.ts";

const aConfigMap = { metadata: { namespace: "n", name: "a", resourceVersion: "1" } };
const answersAtOnce: Answer = (_request, response) => answerJson(response, 200, aConfigMap);

interface Started extends AsyncDisposable {
  server: ScriptedServer;
  transport: Transport;
}

async function start(
  answer: Answer,
  script: ScriptedServerOptions,
  options: Partial<HttpsTransportOptions> = {},
): Promise<Started> {
  const server = await startScriptedServer(answer, script);
  const transport = createHttpsTransport({ ...server.options, ...options });
  return {
    server,
    transport,
    async [Symbol.asyncDispose]() {
      transport.close();
      await server.close();
    },
  };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

/** What carries an answer of HTTP/2. */
function streamOf(response: ServerResponse): ServerHttp2Stream {
  return (response as ServerResponse & { stream: ServerHttp2Stream }).stream;
}

for (const protocol of ["HTTP/1.1", "HTTP/2"] as const) {
  const by = { protocol };

  test(`${protocol}: a request and its answer arrive as they were sent`, async () => {
    await using started = await start(
      (_request, response) => void response.writeHead(418, { "x-tea": "black" }).end("ü".repeat(100_000)),
      by,
    );
    const { server, transport } = started;
    const sent = { "content-type": "text/plain", accept: "*/*" };
    const body = "ä".repeat(500_000);
    const answer = await transport({ method: "DELETE", path: "/x?y=z%20", headers: sent, body });
    assert.equal(answer.status, 418);
    assert.equal(answer.headers["x-tea"], "black");
    assert.equal(await answer.text(), "ü".repeat(100_000));
    const [seen] = server.seen;
    assert.equal(seen?.method, "DELETE");
    assert.equal(`${seen.path}?${seen.query}`, "/x?y=z+");
    assert.equal(seen.headers["content-type"], "text/plain");
    assert.equal(seen.headers["content-length"], "1000000");
    assert.equal(seen.headers["user-agent"], "agent-operator");
    assert.equal(seen.body, body);
  });

  test(`${protocol}: a hundred calls one after another use one connection, and ten at once no more than ten`, async () => {
    await using started = await start(answersAtOnce, by);
    const { server, transport } = started;
    const client = createClient(transport);
    const call = () => client.get(configMaps, { namespace: "n", name: "a" });
    for (let index = 0; index < 100; index += 1) await call();
    assert.equal(server.connections(), 1);
    await Promise.all(Array.from({ length: 10 }, call));
    assert.ok(server.connections() <= (protocol === "HTTP/2" ? 1 : 10));
  });

  test(`${protocol}: connections that carry nothing any more are closed, and the next call opens one again`, async () => {
    await using started = await start(answersAtOnce, by, { idleTimeoutMs: 200 });
    const { server, transport } = started;
    const client = createClient(transport);
    const call = () => client.get(configMaps, { namespace: "n", name: "a" });
    await Promise.all(Array.from({ length: 10 }, call));
    const limit = AbortSignal.timeout(10_000);
    while (server.openConnections() > 0) await sleep(20, undefined, { signal: limit });
    const before = server.connections();
    await call();
    assert.equal(server.connections(), before + 1);
  });

  test(`${protocol}: where no answer comes, the error has code 0 and says why`, async () => {
    await using started = await start((_request, response) => void response.destroy(), by);
    const { server, transport } = started;
    const client = createClient(transport);
    await assert.rejects(client.create(configMaps, aConfigMap), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.code, 0);
      const why = protocol === "HTTP/2" ? "it ended without an answer" : "socket hang up";
      assert.match(error.message, new RegExp(`^POST .*: no answer from the API server: ${why}`));
      return true;
    });
    assert.equal(server.seen.length, 1, "what may have happened is not sent again");
    await server.close();
    await assert.rejects(client.getText("/version"), /ECONNREFUSED/);
  });

  test(`${protocol}: a server that says nothing, or stops in the middle of a body, is given up in time`, async () => {
    await using started = await start(
      (request, response) => {
        if (request.path === "/half") response.writeHead(200, { "content-length": "100" }).write("half");
      },
      by,
      { requestTimeoutMs: 100 },
    );
    const client = createClient(started.transport);
    await assert.rejects(client.getText("/nothing"), /sent nothing for 100 ms \(GET \/nothing\)/);
    await assert.rejects(client.getText("/half"), /sent nothing for 100 ms \(GET \/half\)/);
  });

  test(`${protocol}: a stream may be silent for longer than a request may take`, async () => {
    await using started = await start(
      (_request, response) => {
        response.writeHead(200).write("first,");
        setTimeout(() => response.end("last"), 300);
      },
      by,
      { requestTimeoutMs: 100 },
    );
    assert.equal(await read(await createClient(started.transport).getStream("/log")), "first,last");
  });

  test(`${protocol}: a kept connection that the server closes meanwhile costs a GET nothing`, async () => {
    await using started = await start(answersAtOnce, by);
    const { server, transport } = started;
    const client = createClient(transport);
    for (let round = 0; round < 20; round += 1) {
      await client.getText("/version");
      // The next request starts before the end of the connection can have been noticed.
      server.closeIdle();
      await client.getText("/version");
    }
  });

  test(`${protocol}: a connection that breaks before its body is read is an error of the reader, not of the process`, async () => {
    await using started = await start((_request, response) => {
      response
        .writeHead(200, { "content-length": "100" })
        .write("half", () => setTimeout(() => started.server.cut(), 20));
    }, by);
    const { transport } = started;
    const [text, streamed] = await Promise.all([
      transport({ method: "GET", path: "/read" }),
      transport({ method: "GET", path: "/streamed" }),
    ]);
    await sleep(100);
    await assert.rejects(text.text(), /aborted/);
    await assert.rejects(read(streamed.chunks()), /aborted/);
    const log = await createClient(transport).getStream("/log?follow=true");
    const why = protocol === "HTTP/2" ? "the connection was aborted" : "aborted";
    await assert.rejects(read(log), {
      name: "ApiError",
      message: `GET /log?follow=true: no answer from the API server: ${why}`,
    });
  });

  test(`${protocol}: an aborted request ends at once`, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await using started = await start(() => controller.abort(), by);
    const { server, transport } = started;
    await assert.rejects(createClient(transport).getText("/x", { signal }), { code: 0 });
    await assert.rejects(createClient(transport).getText("/x", { signal }), { code: 0 });
    assert.equal(server.seen.length, 1);
  });

  test(`${protocol}: closing the transport ends what is under way`, async () => {
    await using started = await start((_request, response) => void response.writeHead(200).write("x"), by);
    const closable = createHttpsTransport(started.server.options);
    const watch = await closable({ method: "GET", path: "/watch" });
    const ended = read(watch.chunks()).then(
      () => "ended",
      () => "broken off",
    );
    closable.close();
    assert.equal(await ended, "broken off");
  });
}

test("HTTP/1.1: the connection that found it out carries the first request", async () => {
  await using stack = new AsyncDisposableStack();
  const { options } = await startEmbeddedApiServer(stack);
  await using proxy = await startChaosProxy(options.server);
  const transport = createHttpsTransport(throughRelay(options, proxy.port));
  for (let index = 0; index < 3; index += 1)
    await (await transport({ method: "GET", path: "/version" })).text();
  assert.equal(proxy.connections(), 1);
  transport.close();
});

test("HTTP/2: a request waits for no watch, however few requests a connection may carry", async () => {
  await using started = await start(
    (request, response) => {
      if (request.query.has("watch")) response.writeHead(200).write("x");
      else answerJson(response, 200, aConfigMap);
    },
    { protocol: "HTTP/2", maxConcurrentStreams: 2 },
  );
  const { server, transport } = started;
  const client = createClient(transport);
  for (let index = 0; index < 7; index += 1) await client.getStream("/x?watch=true");
  const all = Array.from({ length: 50 }, () => client.get(configMaps, { namespace: "n", name: "a" }));
  await Promise.all(all);
  assert.ok(server.connections() >= 4, `${server.connections()} connections`);
});

test("HTTP/2: what the server says it did not begin with is sent once more, whatever it is", async () => {
  let asked = 0;
  await using started = await start(
    (_request, response) => {
      asked += 1;
      const stream = streamOf(response);
      if (asked % 2 === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answerJson(response, 201, aConfigMap);
    },
    { protocol: "HTTP/2" },
  );
  const client = createClient(started.transport);
  await client.create(configMaps, aConfigMap);
  await client.create(configMaps, aConfigMap);
  assert.equal(started.server.seen.length, 4);
});

test("HTTP/2: a body that the server breaks off is not taken for a whole one", async () => {
  await using started = await start(
    (_request, response) => {
      const stream = streamOf(response);
      response.writeHead(200).write("[1,2", () => stream.close(constants.NGHTTP2_CANCEL));
    },
    { protocol: "HTTP/2" },
  );
  const answer = await started.transport({ method: "GET", path: "/list" });
  await assert.rejects(answer.text(), /aborted/);
});

test(
  "HTTP/2: a connection that silently carries nothing any more takes its watches along",
  { timeout: 20_000 },
  async () => {
    await using server = await startScriptedServer(
      (request, response) => {
        if (request.query.has("watch")) response.writeHead(200).write("x");
        else answerJson(response, 200, aConfigMap);
      },
      { protocol: "HTTP/2" },
    );
    await using proxy = await startChaosProxy(server.url);
    const transport = createHttpsTransport({
      ...throughRelay(server.options, proxy.port),
      requestTimeoutMs: 200,
    });
    const client = createClient(transport);
    const watch = read(await client.getStream("/x?watch=true"));
    proxy.hold(true);
    await assert.rejects(client.getText("/version"), /sent nothing for 200 ms/);
    await assert.rejects(watch, /the connection to 127\.0\.0\.1:\d+ is dead/);
    proxy.hold(false);
    await client.getText("/version");
    assert.equal(proxy.connections(), 2);
    transport.close();
  },
);

test("HTTP/2: a slow answer does not cost the connection", async () => {
  await using started = await start(
    (request, response) => {
      if (request.query.has("watch")) {
        response.writeHead(200).write("first,");
        setTimeout(() => response.end("last"), 3_000);
      }
    },
    { protocol: "HTTP/2" },
    { requestTimeoutMs: 100 },
  );
  const { server, transport } = started;
  const watch = await createClient(transport).getStream("/x?watch=true");
  await assert.rejects(createClient(transport).getText("/slow"), /sent nothing for 100 ms/);
  assert.equal(await read(watch), "first,last");
  assert.equal(server.connections(), 1);
});

test("HTTP/2: connections that break at any moment are noticed at once", { timeout: 60_000 }, async (t) => {
  await using server = await startScriptedServer(answersAtOnce, { protocol: "HTTP/2" });
  await using proxy = await startChaosProxy(server.url);
  const transport = createHttpsTransport(throughRelay(server.options, proxy.port));
  const stop = new AbortController();
  t.signal.addEventListener("abort", () => stop.abort());
  const cuts = (async () => {
    while (!stop.signal.aborted) {
      await sleep(Math.random() * 12);
      proxy.cutAll();
    }
  })();
  let [answered, failed, slowestMs] = [0, 0, 0];
  const call = async (): Promise<void> => {
    const startedAt = performance.now();
    try {
      await (await transport({ method: "GET", path: "/version" })).text();
      answered += 1;
    } catch {
      failed += 1;
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
  };
  const worker = async (): Promise<void> => {
    while (proxy.connections() < 150) await call();
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  stop.abort();
  await cuts;
  transport.close();
  assert.ok(answered > 0 && failed > 0, `${answered} answered, ${failed} failed`);
  assert.ok(slowestMs < 2_000, `one request took ${Math.round(slowestMs)} ms to fail or to be answered`);
});
