import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { describe, test } from "node:test";
import { NAMED_AGENTS } from "../../src/api/agent-types.ts";
import { loadPki } from "../../src/devcluster/pki.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { agentOfType } from "../../src/agents/registry.ts";
import { authorityEnv } from "../../src/plan/specs/authorities.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { agentFacts } from "./support/agent-facts.ts";
import { KEY } from "./support/agent-run.ts";
import { createPod, repository, resolvedRun } from "./support/pod.ts";

const caBundle = { name: "ca", key: "ca.pem" };

/** The server at `to` over TLS. */
async function secured(to: string, tls: { key: string; cert: string }) {
  const server = createServer(tls, (incoming, outgoing) => {
    const { method, headers, url = "/" } = incoming;
    const on = request(`${to}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    on.on("error", () => outgoing.destroy());
    incoming.pipe(on);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("private authorities of caBundleRef", { timeout: 180_000 }, () => {
  for (const agent of NAMED_AGENTS)
    test(`are trusted by git, setup, ${agent} and its tools`, async () => {
      await using stack = new AsyncDisposableStack();
      const { path } = stack.use(await temporaryDirectory());
      const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
      const tls = { key: serverKey, cert: serverCertificate };
      await createGitRepository(join(path, "remote/origin"));
      const git = await startGitHttpServer({
        root: join(path, "remote"),
        tls,
        beside: ({ url }, response) => url === "/hello" && Boolean(response.end("hello ")),
      });
      stack.defer(() => git.close());
      const ask = [
        `curl -s ${git.url}/hello`,
        `node -e 'fetch("${git.url}/hello").then((a) => a.text()).then((a) => process.stdout.write(a))'`,
        `git ls-remote -q ${git.url}/origin main >/dev/null && echo remote`,
      ].join("; ");
      const model = await startModelEndpoint({
        scenario: [{ text: "I ask.", actions: [{ run: `{ ${ask}; } >tools.txt` }] }, { text: "Done." }],
      });
      stack.defer(() => model.close());
      const endpoint = stack.use(await secured(model.url, tls));
      const facts = agentFacts[agent];
      const env = [...authorityEnv(caBundle), { name: facts.baseUrl, value: endpoint.url }];
      const run = resolvedRun({
        agent,
        repository: repository(`${git.url}/origin`),
        caBundle,
        env,
        setup: { command: ["sh", "-c", `{ ${ask}; } >setup.txt`], timeoutSeconds: 60, env: [] },
        provider: {
          name: "scripted",
          environment: {},
          cliArgs: [],
          token: { variable: facts.token, secret: { name: "key", key: "key" } },
        },
        ...(facts.model === undefined ? {} : { model: facts.model }),
      });
      const values = { "key/key": KEY, "ca/ca.pem": ca };
      const pod = await createPod(join(path, "pod"), run, { values, timeoutMs: 90_000 });
      const clone = await pod.clone();
      assert.equal(clone.code, 0, clone.stderr + (await pod.message()));
      assert.equal(await pod.read("/workspace/setup.txt"), "hello hello remote\n");
      const { code, stdout, stderr } = await pod.runAgent();
      assert.equal(code, 0, stderr + stdout);
      assert.equal(agentOfType(agent).parseOutput(stdout).ok, true);
      assert.equal(await pod.read("/workspace/tools.txt"), "hello hello remote\n");
      assert.match(await pod.read("/etc/agent-operator/ca-bundle/bundle.crt"), /BEGIN CERTIFICATE/);
    });

  test("are a clear failure if there is no certificate", async () => {
    await using directory = await temporaryDirectory();
    const origin = await createGitRepository(join(directory.path, "origin"));
    const run = resolvedRun({ repository: repository(origin.path), caBundle });
    const pod = await createPod(join(directory.path, "pod"), run, { values: { "ca/ca.pem": "none" } });
    assert.equal((await pod.clone()).code, 64);
    assert.match(await pod.message(), /^caBundleRef names a key of a ConfigMap without a certificate/);
  });
});
