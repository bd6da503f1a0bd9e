import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { buildWeb } from "../../scripts/web.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { readAssets } from "../../src/console/assets.ts";
import { startSharedConsole } from "../../src/console/server.ts";
import { serviceAccounts } from "../../src/kube/cluster-kinds.ts";
import { agentRuns } from "../../src/api/resources.ts";
import { openPage, startBrowser, violationsInBothThemes } from "../support/browser.ts";
import { useCluster } from "../support/cluster.ts";
import { aRun } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { freePort } from "../support/free-port.ts";

const COOKIE = "_oauth2_proxy=signed-in";

describe("the console in a cluster, in a browser", { timeout: 180_000 }, () => {
  const cluster = useCluster({ operator: false });
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let direct: string;
  let proxied: string;
  let token = "";
  /** What the proxy adds; empty: nothing. */
  let bearer = "";
  before(
    async () => {
      const { client, kubectl, namespace } = cluster;
      browser = await startBrowser(stack);
      await client.create(serviceAccounts, { metadata: { name: "editor", namespace } });
      await kubectl("create", "role", "editor", "--verb=*", "--resource=agentruns.agent.xonovex.com");
      await kubectl(
        "create",
        "rolebinding",
        "editor",
        "--role=editor",
        `--serviceaccount=${namespace}:editor`,
      );
      token = (await kubectl("create", "token", "editor")).trim();
      await client.create(agentRuns, {
        ...aRun("shared", "https://git.example.com/a.git"),
        metadata: { name: "shared", namespace },
      });
      const { path } = stack.use(await temporaryDirectory());
      await buildWeb(projectRoot, `${path}/console`);
      const { options } = await loadKubeconfig({ paths: [cluster.kubeconfig] });
      const { server, ca = "" } = options;
      const transport = createHttpsTransport({ server, ca });
      stack.defer(() => transport.close());
      const proxyPort = await freePort();
      proxied = `http://console.localhost:${proxyPort}`;
      const served = stack.use(
        await startSharedConsole({
          host: "127.0.0.1",
          port: 0,
          origins: [proxied],
          transport,
          assets: await readAssets(`${path}/console`),
          session: { context: "shared cluster", namespace, server },
          fetchArtifact: () => Promise.reject(new Error("nothing is there")),
          describeError: String,
        }),
      );
      direct = `http://127.0.0.1:${served.port}`;
      startProxy(served.port, proxyPort);
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync());

  it("takes a token that is pasted, keeps it in the page's memory alone, and asks again after a reload", async () => {
    const context = await browser.newContext();
    const { page, faults } = await openPage(context, direct);
    await page.goto(direct);
    const field = page.getByLabel("Token");
    await field.waitFor();
    assert.deepEqual(await violationsInBothThemes(page), []);
    for (const [given, said] of [
      ["not a token", /has characters that a token cannot have/],
      ["wrong", /The API server does not take this token/],
    ] as const) {
      await field.fill(given);
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: said }).waitFor();
    }
    assert.deepEqual(await violationsInBothThemes(page), []);
    await field.fill(` Bearer ${token}\n`);
    await page.keyboard.press("Enter");
    await page.getByText("1 run, live").waitFor();
    await page.getByRole("link", { name: "shared" }).click();
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    assert.deepEqual(await violationsInBothThemes(page), []);
    const kept = await page.evaluate(
      "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML])",
    );
    assert.ok(!String(kept).includes(token));
    assert.deepEqual(await context.cookies(), []);
    await page.reload();
    await field.waitFor();
    await field.fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "shared" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await field.waitFor();
    assert.deepEqual(faults, []);
    await context.close();
  });

  it("asks for no token behind a proxy that adds one, and shows when that is no longer taken", async () => {
    const context = await browser.newContext();
    await context.addCookies([{ name: "_oauth2_proxy", value: "signed-in", url: proxied }]);
    const { page, faults } = await openPage(context, proxied);
    bearer = token;
    await page.goto(proxied);
    await page.getByText("1 run, live").waitFor();
    await page.getByRole("link", { name: "shared" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Asked to stop.").waitFor();
    bearer = "expired";
    // Whatever is asked for next shows it, and the page may have asked already: its run has just changed.
    await page.goto(`${proxied}/#/providers`);
    await page.getByRole("alert").filter({ hasText: "does not take your credential" }).waitFor();
    assert.deepEqual(await violationsInBothThemes(page), []);
    assert.deepEqual(faults, []);
    await context.close();
  });

  it("is no help to a page of another origin that the same browser has open", async () => {
    bearer = token;
    const context = await browser.newContext();
    await context.addCookies([{ name: "_oauth2_proxy", value: "signed-in", url: proxied }]);
    const page = await context.newPage();
    await page.goto(direct);
    const path = `/k8s/apis/agent.xonovex.com/v1alpha1/namespaces/${cluster.namespace}/agentruns`;
    // The page's own policy would stop this earlier; without it a browser still may not.
    await page.route("**/evil", (route) => route.fulfill({ contentType: "text/html", body: "evil" }));
    await page.goto(`${direct}/evil`);
    const tried = await page.evaluate(`Promise.all([
      fetch("${proxied}${path}", { credentials: "include" }),
      fetch("${proxied}${path}", { credentials: "include", headers: { "x-console-key": "none" } }),
      fetch("${proxied}${path}/shared", { method: "DELETE", credentials: "include" }),
      fetch("${proxied}${path}", { method: "POST", mode: "no-cors", credentials: "include", body: "{}" }),
    ].map((each) => each.then((answer) => answer.type + answer.status, () => "refused")))`);
    assert.deepEqual(tried, ["refused", "refused", "refused", "refused"]);
    const { items } = await cluster.client.list(agentRuns, { namespace: cluster.namespace });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["shared"],
    );
    await context.close();
  });

  /** As oauth2-proxy does: whoever has its cookie goes on with the bearer header. */
  function startProxy(to: number, port: number): void {
    const server = createServer((incoming, outgoing) => {
      const { authorization: _, ...headers } = incoming.headers;
      const isSignedIn = (headers.cookie ?? "").includes(COOKIE) && bearer !== "";
      const passed = request(
        {
          port: to,
          host: "127.0.0.1",
          path: incoming.url,
          method: incoming.method,
          headers: { ...headers, ...(isSignedIn ? { authorization: `Bearer ${bearer}` } : {}) },
        },
        (answer) => answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers)),
      );
      passed.on("error", () => outgoing.destroy());
      outgoing.on("close", () => passed.destroy());
      incoming.pipe(passed);
    });
    server.listen(port, "127.0.0.1");
    stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
  }
});
