import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { text } from "node:stream/consumers";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import { secrets } from "../../src/kube/builtin.ts";
import type { Span } from "../../src/operator/run-traces.ts";
import { spansOf } from "../../src/operator/run-traces.ts";
import { startTestCluster } from "../support/cluster.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aProvider, aRun, aSecret } from "../support/objects.ts";
import { shippedProgram } from "../support/program.ts";
import { quickAgentTools } from "../support/quick-agent.ts";
import { start } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const REPOSITORY = "https://git.example.com/org/repo.git";

describe("traces", { timeout: 60_000 }, () => {
  it("of a run that ended reach the receiver, a span for each phase", async () => {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(await temporaryDirectory());
    const repository = await createGitRepository(join(directory.path, "repository"));
    const { client, namespace, kubeconfig } = await startTestCluster(
      {
        operator: false,
        toolDirectories: [await quickAgentTools(join(directory.path, "agent"))],
        gitMirrors: { [REPOSITORY]: repository.path },
      },
      stack,
    );
    const received = Promise.withResolvers<{ path: string; body: string }>();
    const server = createServer((request, response) => {
      void text(request).then((body) => received.resolve({ path: request.url ?? "", body }));
      response.end("{}");
    }).listen(0, "127.0.0.1");
    stack.defer(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;

    const addresses = ["--health-probe-bind-address=0", "--metrics-bind-address=0"];
    const receiver = `--otlp-endpoint=http://127.0.0.1:${port}/`;
    const operator = start(
      process.execPath,
      [shippedProgram, "operator", ...addresses, receiver, "--namespace", namespace],
      { env: { ...process.env, KUBECONFIG: kubeconfig }, timeoutMs: 50_000 },
    );
    stack.use(operator);
    await client.create(secrets, within(aSecret("credentials", { "api-key": "any" }), namespace));
    const endpoint = { url: "http://127.0.0.1:9", secret: "credentials" };
    await client.create(agentProviders, within(aProvider("provider", endpoint), namespace));
    await client.create(
      agentRuns,
      within(aRun("traced", REPOSITORY, { providerRef: "provider" }), namespace),
    );

    const { path, body } = await received.promise;
    assert.equal(path, "/v1/traces");
    const [{ scopeSpans }] = (JSON.parse(body) as { resourceSpans: [{ scopeSpans: [{ spans: Span[] }] }] })
      .resourceSpans;
    const { spans } = scopeSpans[0];
    assert.deepEqual(
      spans.map(({ name }) => name),
      ["AgentRun", "Pending", "Initializing", "Running"],
    );
    const [root, ...phases] = spans;
    for (const { traceId, parentSpanId } of phases)
      assert.deepEqual([traceId, parentSpanId], [root?.traceId, root?.spanId]);
    assert.equal(root?.status.code, 1);
  });

  it("show where a run that failed came to its end", () => {
    const spans = spansOf({
      ...aRun("failed", REPOSITORY),
      metadata: {
        name: "failed",
        namespace: "n",
        uid: "0af76519-16cd-43dd-8448-eb211c80319c",
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
      status: {
        phase: "Failed",
        reason: "CloneFailed",
        message: "not found",
        startTime: "2026-01-01T00:00:01Z",
        completionTime: "2026-01-01T00:00:03Z",
      },
    });
    assert.deepEqual(
      spans.map(({ name, startTimeUnixNano: from, endTimeUnixNano: to }) => [
        name,
        Number(BigInt(to) - BigInt(from)) / 1e9,
      ]),
      [
        ["AgentRun", 3],
        ["Pending", 1],
        ["Initializing", 2],
      ],
    );
    assert.deepEqual(spans[0]?.status, { code: 2, message: "CloneFailed: not found" });
    assert.match(spans[0]?.traceId ?? "", /^[0-9a-f]{32}$/);
    assert.match(spans[0]?.spanId ?? "", /^[0-9a-f]{16}$/);
  });
});

function within<T extends { metadata: object }>(object: T, namespace: string): T {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
