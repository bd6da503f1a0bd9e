import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { request, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { agentRuns } from "../../src/api/resources.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { serviceAccounts } from "../../src/kube/cluster-kinds.ts";
import { pathOf } from "../../src/kube/resources.ts";
import { useCluster } from "../support/cluster.ts";
import { freePort } from "../support/free-port.ts";
import { aRun } from "../support/objects.ts";
import { checkoutProgram, projectRoot } from "../support/project-files.ts";
import { send, type Answer, type Sent } from "../support/raw-request.ts";
import { start, type RunningProgram } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PUBLIC = "https://console.example.com";
const KEY = { "x-console-key": "none" };

/** With the arguments of the component's Deployment, and the environment that the kubelet gives its pod: no token. */
describe("the console in a cluster", { timeout: 240_000 }, () => {
  const cluster = useCluster({ operator: false });
  const stack = new AsyncDisposableStack();
  let program: RunningProgram;
  let origin: string;
  let editor: string;
  let nobody: string;
  before(
    async () => {
      const { client, namespace } = cluster;
      for (const name of ["editor", "nobody"])
        await client.create(serviceAccounts, { metadata: { name, namespace } });
      await cluster.kubectl("create", "role", "editor", "--verb=*", "--resource=agentruns.agent.xonovex.com");
      await cluster.kubectl(
        "create",
        "rolebinding",
        "editor",
        "--role=editor",
        `--serviceaccount=${namespace}:editor`,
      );
      editor = (await cluster.kubectl("create", "token", "editor")).trim();
      nobody = (await cluster.kubectl("create", "token", "nobody")).trim();
      ({ program, origin } = await startComponent());
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync());

  const runs = (): string => `/k8s${pathOf(agentRuns, { namespace: cluster.namespace })}`;
  const as = (token: string): Record<string, string> => ({ ...KEY, authorization: `Bearer ${token}` });
  const ask = (path: string, sent?: Sent): Promise<Answer> => send({ origin }, path, sent);

  it("asks as whoever has sent the token, and as nobody without one", async () => {
    assert.equal((await ask(runs(), { headers: as(editor) })).status, 200);
    const refused = await ask(runs(), { headers: as(nobody) });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /system:serviceaccount:[^:]+:nobody/);
    assert.equal((await ask(runs(), { headers: as("wrong") })).status, 401);
    const withoutToken: Record<string, string>[] = [
      KEY,
      { authorization: `Bearer ${editor}` },
      { ...KEY, authorization: `Basic ${editor}` },
      { ...KEY, authorization: `Bearer ${editor} x` },
      { ...KEY, authorization: "Bearer " },
      { ...KEY, cookie: `token=${editor}` },
      { ...KEY, "x-forwarded-access-token": editor },
    ];
    for (const headers of withoutToken) {
      const answer = await ask(runs(), { headers });
      assert.equal(answer.status, 401, JSON.stringify(Object.keys(headers)));
      assert.equal((JSON.parse(answer.text) as { reason: string }).reason, "token");
    }
    // Nothing of the request before is left for the next one.
    assert.equal((await ask(runs(), { headers: KEY })).status, 401);
  });

  it("gives the page without a token, no cookie, and nothing to a code", async () => {
    for (const path of ["/", "/session"])
      assert.equal((await ask(path, { headers: as(editor) })).headers["set-cookie"], undefined);
    assert.equal((await ask("/")).status, 200);
    const entered = await ask("/session", { method: "POST", headers: { ...KEY, origin }, body: "code" });
    assert.equal(entered.status, 401);
  });

  it("passes on no other header of the request", async () => {
    const headers = {
      ...as(nobody),
      "impersonate-user": "system:admin",
      "impersonate-group": "system:masters",
    };
    assert.equal((await ask(runs(), { headers })).status, 403);
  });

  it("creates and deletes with the user's token", async () => {
    const headers = { ...as(editor), origin };
    const run = {
      apiVersion: "agent.xonovex.com/v1alpha1",
      kind: "AgentRun",
      ...aRun("made", "https://git.example.com/a.git"),
    };
    const body = JSON.stringify(run);
    assert.equal((await ask(runs(), { method: "POST", headers, body })).status, 201);
    assert.equal(
      (await ask(runs(), { method: "POST", headers: { ...as(nobody), origin }, body })).status,
      403,
    );
    assert.equal((await ask(`${runs()}/made`, { method: "DELETE", headers, body: "{}" })).status, 200);
  });

  it("ends a stream with the browser's connection", async () => {
    const asked = request(`${origin}${runs()}?watch=true`, { headers: as(editor) }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    await cluster.client.create(agentRuns, {
      ...aRun("seen", "https://git.example.com/a.git"),
      metadata: { name: "seen", namespace: cluster.namespace },
    });
    const [chunk] = (await once(response, "data")) as [Buffer];
    assert.match(chunk.toString(), /"type":"ADDED"/);
    asked.destroy();
  });

  it("takes no request that another page made, even if a proxy adds the user's token to it", async () => {
    const plain = { authorization: `Bearer ${editor}`, host: "console.example.com" };
    const headers = { ...plain, ...KEY };
    const body = JSON.stringify(aRun("forged", "https://git.example.com/a.git"));
    for (const from of [
      "https://evil.example.com",
      "null",
      "http://console.example.com",
      `${PUBLIC}.evil`,
      "",
    ])
      for (const method of ["POST", "GET", "DELETE"])
        assert.equal(
          (await ask(runs(), { method, headers: { ...headers, origin: from }, body })).status,
          403,
          from,
        );
    for (const site of ["cross-site", "same-site", "none"])
      assert.equal((await ask(runs(), { headers: { ...headers, "sec-fetch-site": site } })).status, 403);
    // A form or a link of another page sends no header of its own, and a browser that is old says nothing about itself.
    assert.equal(
      (await ask(runs(), { method: "POST", headers: { ...plain, origin: PUBLIC }, body })).status,
      401,
    );
    assert.equal((await ask(runs(), { headers: plain })).status, 401);
    assert.equal((await ask(runs(), { method: "POST", headers, body })).status, 403);
    const asked = { ...headers, "access-control-request-method": "POST", origin: "https://evil.example.com" };
    assert.equal((await ask(runs(), { method: "OPTIONS", headers: asked })).status, 403);
    assert.equal((await ask(runs(), { headers: { ...headers, origin: PUBLIC } })).status, 200);
  });

  it("answers only under its own names", async () => {
    const { port } = new URL(origin);
    for (const host of [
      "evil.example.com",
      `evil.example.com:${port}`,
      "127.0.0.1",
      `127.0.0.1:${port}.evil`,
      "127.0.0.1.evil:80",
      `localhost.evil:${port}`,
      "console.example.com:8443",
      "console.example.com.evil",
      "10.0.0.1:8083",
    ])
      for (const path of ["/", runs()])
        assert.ok([400, 403].includes((await ask(path, { headers: { ...as(editor), host } })).status), host);
    // The port of a port-forward is the user's choice.
    for (const host of ["127.0.0.1:18083", "localhost:9", "[::1]:8083", "console.example.com"])
      assert.equal((await ask(runs(), { headers: { ...as(editor), host } })).status, 200, host);
  });

  it("reaches no other path with any token", async () => {
    const team = runs();
    for (const path of [
      "/k8s/api/v1/secrets",
      `/k8s/api/v1/namespaces/${cluster.namespace}/secrets`,
      `/k8s/api/v1/namespaces/${cluster.namespace}/serviceaccounts/editor/token`,
      `${team}/../../../../../api/v1/secrets`,
      `${team}/%2e%2e`,
      `${team}/a%2f..%2fb`,
      "/k8s//evil.example.com/",
      `http://evil.example.com${team}`,
      `/k8s@evil.example.com${team.slice(4)}`,
      "/artifacts/patch/a/..",
      "/healthz",
      "/metrics",
    ])
      assert.equal((await ask(path, { headers: as(editor) })).status, 404, path);
  });

  it("prints no token", () => {
    const { stdout, stderr } = program.output;
    assert.match(stdout, /"message":"serves the console"/);
    for (const token of [editor, nobody, "eyJ"]) assert.ok(!`${stdout}${stderr}`.includes(token));
    assert.equal(stderr, "");
  });

  async function startComponent(): Promise<{ program: RunningProgram; origin: string }> {
    const text = await readFile(join(projectRoot, "config/components/console/deployment.yaml"), "utf8");
    const { spec } = parse(text).spec.template;
    assert.equal(spec.automountServiceAccountToken, false);
    const { options } = await loadKubeconfig({ paths: [cluster.kubeconfig] });
    const { path } = stack.use(await temporaryDirectory());
    await writeFile(join(path, "ca.crt"), options.ca ?? "");
    const [port, healthPort] = [await freePort(), await freePort()];
    const args = (spec.containers[0].args as string[]).map((arg) =>
      arg
        .replace("/etc/agent-operator/ca", path)
        .replace("127.0.0.1:8083", `127.0.0.1:${port}`)
        .replace(":8081", `127.0.0.1:${healthPort}`),
    );
    const server = new URL(options.server);
    const started = start(process.execPath, [checkoutProgram, ...args, `--origin=${PUBLIC}`], {
      cwd: projectRoot,
      env: {
        PATH: process.env["PATH"],
        KUBERNETES_SERVICE_HOST: server.hostname,
        KUBERNETES_SERVICE_PORT: server.port,
      },
      timeoutMs: 230_000,
    });
    stack.defer(async () => {
      started.kill("SIGTERM");
      await started.ended;
    });
    await started.waitForOutput(/serves the console/, 60_000);
    assert.equal(await (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).text(), "ok");
    return { program: started, origin: `http://127.0.0.1:${port}` };
  }
});
