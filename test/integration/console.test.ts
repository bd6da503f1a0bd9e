import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { after, before, describe, it } from "node:test";
import { agentRuns } from "../../src/api/resources.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { startConsole, type Console } from "../../src/console/server.ts";
import type { HttpRequest } from "../../src/client/transport.ts";
import { pathOf } from "../../src/kube/resources.ts";
import { aRun } from "../support/objects.ts";
import { useCluster } from "../support/cluster.ts";
import { send, type Answer } from "../support/raw-request.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";

describe("the console's server", { timeout: 120_000 }, () => {
  const cluster = useCluster({ operator: false });
  const stack = new AsyncDisposableStack();
  const passed: HttpRequest[] = [];
  const fetched: string[] = [];
  let now = 0;
  const start = async (): Promise<Console> => {
    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfig] });
    const transport = createHttpsTransport(options);
    stack.defer(() => transport.close());
    const served = await startConsole({
      transport: (asked) => {
        passed.push(asked);
        return transport(asked);
      },
      assets: new Map([
        ["/index.html", { contentType: "text/html; charset=utf-8", body: Buffer.from("page") }],
      ]),
      session: { context: "test", namespace: cluster.namespace, server: "https://server" },
      fetchArtifact: (_transport, at, file) => {
        fetched.push(`${at.namespace}/${at.name} ${file}`);
        return Promise.resolve({ text: "patch", isCut: false });
      },
      describeError: (error) => (error instanceof Error ? error.message : ""),
      port: 0,
      now: () => now,
    });
    return stack.use(served);
  };
  let served: Console;
  let signedIn: Record<string, string>;
  before(async () => {
    served = await start();
    signedIn = await signIn(served);
  });
  after(() => stack.disposeAsync());

  it("gives a cookie and a key for the code, once", async () => {
    const { cookie = "" } = signedIn;
    assert.match(cookie, /^agent-operator-console-\d+=[\w-]{43}$/);
    const again = await send(served, "/session", {
      method: "POST",
      headers: own(served),
      body: codeOf(served),
    });
    assert.equal(again.status, 401);
    assert.equal(again.headers["set-cookie"], undefined);
  });

  it("takes no wrong code, and none that is too old", async () => {
    const other = await start();
    const enter = (body: string): Promise<Answer> =>
      send(other, "/session", { method: "POST", headers: own(other), body });
    assert.equal((await enter("wrong")).status, 401);
    assert.equal((await enter("")).status, 401);
    now += 601_000;
    assert.equal((await enter(codeOf(other))).status, 401);
  });

  it("sets a cookie that no script reads and no other site sends", async () => {
    const other = await start();
    const { headers } = await send(other, "/session", {
      method: "POST",
      headers: own(other),
      body: codeOf(other),
    });
    assert.match(headers["set-cookie"]?.[0] ?? "", /; HttpOnly; SameSite=Strict; Path=\/$/);
  });

  const target = (): string => `/k8s${pathOf(agentRuns, { namespace: cluster.namespace })}`;

  it("needs both the cookie and the key", async () => {
    const { cookie = "", "x-console-key": key = "" } = signedIn;
    const wrong: Record<string, string>[] = [
      {},
      { cookie },
      { "x-console-key": key },
      { cookie, "x-console-key": `${key}x` },
    ];
    for (const headers of wrong)
      for (const path of [target(), "/session", "/artifacts/patch/a/b"])
        assert.equal((await send(served, path, { headers })).status, 401, path);
    assert.equal((await send(served, target(), { headers: signedIn })).status, 200);
  });

  it("answers only under its own names, so that no name that resolves to loopback reaches it", async () => {
    const port = new URL(served.origin).port;
    for (const host of [
      "evil.example.com",
      `evil.example.com:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port}.evil`,
    ])
      for (const path of ["/", target()])
        assert.ok(
          [400, 403].includes((await send(served, path, { headers: { ...signedIn, host } })).status),
          host,
        );
    const headers = { ...signedIn, host: `localhost:${port}` };
    assert.equal((await send(served, target(), { headers })).status, 200);
  });

  it("lets no other page send anything", async () => {
    const before = passed.length;
    for (const origin of [
      "http://evil.example.com",
      "null",
      "http://127.0.0.1:1",
      `${served.origin}.evil`,
      "",
    ])
      for (const method of ["POST", "GET", "DELETE"]) {
        const sent = { method, headers: { ...signedIn, origin }, body: "{}" };
        assert.equal((await send(served, target(), sent)).status, 403, `${method} ${origin}`);
      }
    const without = await send(served, target(), { method: "POST", headers: signedIn, body: "{}" });
    assert.equal(without.status, 403);
    const cross = { ...signedIn, "sec-fetch-site": "same-site" };
    assert.equal((await send(served, target(), { headers: cross })).status, 403);
    assert.equal(passed.length, before);
  });

  it("passes on nothing but what the console needs, as its own user", async () => {
    const before = passed.length;
    const team = target();
    for (const path of [
      "/k8s/api/v1/secrets",
      `${team}/../../../../../api/v1/secrets`,
      `${team}/%2e%2e`,
      `${team}/a%2f..%2fb`,
      "/k8s//evil.example.com/",
      `http://evil.example.com${team}`,
      `/k8s@evil.example.com${team.slice(4)}`,
      "/../package.json",
      "/%2e%2e/package.json",
      "/index.html/../../package.json",
      "/artifacts/patch/a/..",
      "/artifacts/secret/a/b",
    ]) {
      const { status } = await send(served, path, { headers: signedIn });
      assert.equal(status, 404, path);
    }
    assert.equal(passed.length, before);
    const headers = {
      ...signedIn,
      authorization: "Bearer other",
      "impersonate-user": "root",
      "x-remote-user": "x",
    };
    assert.equal((await send(served, team, { headers })).status, 200);
    assert.deepEqual(Object.keys(passed.at(-1)?.headers ?? {}), ["accept"]);
  });

  it("creates, and passes on the API server's refusals", async () => {
    const headers = { ...signedIn, ...own(served) };
    const run = aRun("made", "https://git.example.com/a.git");
    const body = JSON.stringify({ apiVersion: "agent.xonovex.com/v1alpha1", kind: "AgentRun", ...run });
    assert.equal((await send(served, target(), { method: "POST", headers, body })).status, 201);
    const again = await send(served, target(), { method: "POST", headers, body });
    assert.equal(again.status, 409);
    assert.match(again.text, /already exists/);
    assert.equal(
      (await send(served, `${target()}/made`, { method: "DELETE", headers, body: "{}" })).status,
      200,
    );
  });

  it("refuses a body that is larger than any object", async () => {
    const headers = { ...signedIn, ...own(served) };
    const { status } = await send(served, target(), { method: "POST", headers, body: "x".repeat(2_200_000) });
    assert.equal(status, 413);
  });

  it("reads what a run has left only on a change's terms", async () => {
    const path = `/artifacts/patch/${cluster.namespace}/fix`;
    assert.equal((await send(served, path, { headers: signedIn })).status, 404);
    assert.equal((await send(served, path, { method: "POST", headers: signedIn })).status, 403);
    assert.deepEqual(fetched, []);
    const { text } = await send(served, path, { method: "POST", headers: { ...signedIn, ...own(served) } });
    assert.deepEqual(JSON.parse(text), { text: "patch", isCut: false });
    assert.deepEqual(fetched, [`${cluster.namespace}/fix patch`]);
  });

  it("passes a watch on as it comes, and ends it with the browser's connection", async () => {
    const { url, headers } = { url: `${served.origin}${target()}?watch=true`, headers: signedIn };
    const asked = request(url, { headers }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    await cluster.client.create(agentRuns, {
      ...aRun("seen", "https://git.example.com/a.git"),
      metadata: { name: "seen", namespace: cluster.namespace },
    });
    const [chunk] = (await once(response, "data")) as [Buffer];
    assert.match(chunk.toString(), /"type":"ADDED".*"name":"seen"/);
    const signal = passed.at(-1)?.signal;
    asked.destroy();
    if (signal && !signal.aborted) await once(signal, "abort", { signal: AbortSignal.timeout(10_000) });
    assert.equal(signal?.aborted, true);
  });

  it("forbids scripts from elsewhere, frames, guesses and copies with every answer", async () => {
    for (const path of ["/", "/nothing", target()]) {
      const { headers } = await send(served, path);
      const policy = String(headers["content-security-policy"]);
      for (const part of [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "trusted-types 'none'",
      ])
        assert.ok(`${policy};`.includes(`${part};`), part);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["cache-control"], "no-store");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["access-control-allow-origin"], undefined);
    }
  });
});

function codeOf({ address }: Console): string {
  return /#code=(.*)$/.exec(address)?.[1] ?? "";
}

function own({ origin }: Console): Record<string, string> {
  return { origin };
}

async function signIn(served: Console): Promise<Record<string, string>> {
  const sent = { method: "POST", headers: own(served), body: codeOf(served) };
  const { headers, text } = await send(served, "/session", sent);
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  return { cookie, "x-console-key": (JSON.parse(text) as { key: string }).key };
}
