import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import { traceOf } from "../../src/plan/run-trace.ts";
import { KEY, prepareAgentRun } from "./support/agent-run.ts";
import { resolvedRun } from "./support/pod.ts";

/** Those that go on with the trace of the environment. The others begin one, and name the run as an attribute. */
const JOINING: readonly string[] = ["claude", "codex"];

describe(
  "an agent's own telemetry, if OpenTelemetry's variables name a receiver",
  { timeout: 300_000 },
  () => {
    for (const agent of NAMED_AGENTS) {
      it(`is sent by ${agent}, with the run's name and the receiver's credentials`, async () => {
        await using receiver = await startReceiver();
        await using run = await prepareAgentRun({
          agent,
          scenario: [{ text: "ok" }],
          env: [
            { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: receiver.url },
            {
              name: "OTEL_EXPORTER_OTLP_HEADERS",
              valueFrom: { secretKeyRef: { name: "receiver", key: "headers" } },
            },
          ],
          pod: { values: { "key/key": KEY, "receiver/headers": "x-tenant=seven" }, timeoutMs: 60_000 },
        });
        const { code, stdout, stderr } = await run.pod.runAgent();
        assert.equal(code, 0, stderr);
        assert.equal(run.agent.parseOutput(stdout).ok, true, stdout);

        const traces = receiver.received.filter(({ path }) => path === "/v1/traces");
        assert.ok(traces.length > 0, JSON.stringify(receiver.received.map(({ path }) => path)));
        const { name, uid } = resolvedRun({});
        for (const { tenant, body } of receiver.received) {
          assert.equal(tenant, "seven");
          assert.ok(body.includes(name) && body.includes(uid), "attributes of the run");
          assert.ok(!body.includes(KEY), "no credential");
        }
        const { traceId = "" } = traceOf(uid) ?? {};
        const joined = traces.some(({ body }) => body.includes(Buffer.from(traceId, "hex")));
        assert.equal(joined, JOINING.includes(agent));
      });
    }

    it("is not sent if they switch it off", async () => {
      await using receiver = await startReceiver();
      await using run = await prepareAgentRun({
        agent: "claude",
        scenario: [{ text: "ok" }],
        env: [
          { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: receiver.url },
          { name: "OTEL_SDK_DISABLED", value: "true" },
        ],
      });
      assert.equal((await run.pod.runAgent()).code, 0);
      assert.deepEqual(receiver.received, []);
    });
  },
);

interface Received {
  path: string | undefined;
  tenant: string | string[] | undefined;
  body: Buffer;
}

interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
}

/** An OTLP/HTTP receiver that keeps what arrives. */
async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await buffer(request);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    received.push({ path: request.url, tenant: request.headers["x-tenant"], body });
    response.setHeader("content-type", "application/json").end("{}");
  };
  const server = createServer((request, response) => void receive(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
