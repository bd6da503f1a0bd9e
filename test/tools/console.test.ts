import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { parse, stringify } from "yaml";
import { agentRuns } from "../../src/api/resources.ts";
import { roleBindings, roles } from "../../src/kube/cluster-kinds.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import {
  harmOn,
  openPage,
  startBrowser,
  violationsInBothThemes,
  type WatchedPage,
} from "../support/browser.ts";
import { startChaosProxy, type ChaosProxy } from "../support/chaos-proxy.ts";
import { HOSTILE_TEXTS } from "../support/hostile-texts.ts";
import { checkoutProgram, projectRoot } from "../support/project-files.ts";
import { start, type RunningProgram } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitForAbsence } from "../support/wait-for.ts";

/** Where pictures of the pages go, for people to look at. */
const PICTURES = process.env["TEST_PICTURES"];
const HOSTILE_FILE = "<img src=x onerror=alert(1)>.html";
const ALL_HOSTILE = HOSTILE_TEXTS.join("\n");
const GREETING = [
  "// Greets whoever comes.",
  "export function greet(name: string): string {",
  '  return "Hello";',
  "}",
  "",
].join("\n");
const SCENARIOS = {
  commit: [
    {
      text: "I will write the file.",
      actions: [
        { write: { path: "HELLO.md", content: "# Hello\n" } },
        { write: { path: "src/greet.ts", content: GREETING } },
      ],
    },
    {
      actions: [
        {
          tool: "Edit",
          input: { file_path: "src/greet.ts", old_string: '"Hello"', new_string: "`Hello, ${name}`" },
        },
        { run: "cat src/greet.ts && cat missing" },
      ],
    },
    { actions: [{ run: 'git add -A && git commit -m "Add HELLO.md"' }], delayMs: 1500 },
    { text: "Done: HELLO.md was created." },
  ],
  hang: [{ text: "I begin.", actions: [{ run: "true" }] }, { fault: "hang" as const }],
  hostile: [
    { text: ALL_HOSTILE, actions: [{ write: { path: HOSTILE_FILE, content: `${ALL_HOSTILE}\n` } }] },
    { text: ALL_HOSTILE },
  ],
};

/** Everything in one browser, as one user sees it in one sitting: the cases follow each other. */
describe("the console in a browser", { timeout: 600_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let proxy: ChaosProxy;
  let program: RunningProgram;
  let kubeconfigFile: string;
  let origin: string;
  let address: string;
  let watched: WatchedPage;
  let page: Page;
  let pictures = 0;
  before(
    async () => {
      browser = await startBrowser(stack);
      const { path } = stack.use(await temporaryDirectory());
      const kubeconfig = parse(await readFile(agents.cluster.kubeconfig, "utf8"));
      const [{ cluster }] = kubeconfig.clusters;
      proxy = stack.use(await startChaosProxy(cluster.server));
      cluster.server = `https://127.0.0.1:${proxy.port}`;
      const file = join(path, "kubeconfig");
      await writeFile(file, stringify(kubeconfig), { mode: 0o600 });
      kubeconfigFile = file;
      ({ program, address, origin } = await startProgram());
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      watched = await openPage(context, origin);
      ({ page } = watched);
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync());

  it("lets in the browser with the code, keeps that out of the address, and teaches what comes first", async () => {
    await page.goto(origin);
    await page.getByText("This browser is not signed in.").waitFor();
    assert.deepEqual(await inBothThemes(), []);
    await page.goto(address);
    await page.getByText("agent-operator run").waitFor();
    assert.equal(await page.evaluate("location.href"), `${origin}/`);
    assert.deepEqual(await inBothThemes(), []);
    const other = await openPage(await browser.newContext(), origin);
    await other.page.goto(address);
    await other.page.getByText("This browser is not signed in.").waitFor();
    await other.page.close();
  });

  it("shows a run from its creation to its change, by the keyboard alone", async () => {
    await agents.create("first", { prompt: "commit it" });
    const row = page.getByRole("row").filter({ hasText: "first" });
    await row.waitFor();
    assert.deepEqual(await inBothThemes(), []);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "first" }).waitFor();
    const transcript = page.getByRole("list", { name: "What the agent says and does" });
    await transcript.getByText("I will write the file.").waitFor({ timeout: 60_000 });
    await transcript.getByText("Done: HELLO.md was created.").waitFor({ timeout: 60_000 });
    await page.getByText("ended: Succeeded", { exact: true }).waitFor();
    await seesTools();
    await seesLogs();
    await page.getByRole("button", { name: "Show the change" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".file", { hasText: "HELLO.md" }).getByText("# Hello").waitFor({ timeout: 60_000 });
    await page.locator(".file .hljs-keyword", { hasText: "function" }).waitFor();
    await page.getByLabel("Layout").selectOption("side by side");
    await page.locator(".beside-each-other .line-added", { hasText: "Hello, ${name}" }).waitFor();
    assert.deepEqual(await inBothThemes(), []);
    await page
      .getByRole("navigation", { name: "Changed files" })
      .getByRole("button", { name: /greet.ts/ })
      .press("Enter");
    assert.match(`${await page.evaluate("document.activeElement.textContent")}`, /greet\.ts/);
    await page.getByText("As YAML, with its status").press("Enter");
    await page.locator(".manifest", { hasText: "kind: AgentRun" }).waitFor();
    assert.deepEqual(await inBothThemes(), []);
    await page.keyboard.press("Escape");
    await row.waitFor();
    assert.equal(await page.evaluate("document.activeElement.textContent"), "first");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    assert.deepEqual(await inBothThemes(), []);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  it("retries, cancels and deletes", async () => {
    await page.goto(`${origin}/#/runs`);
    await page.getByRole("link", { name: "first" }).click();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("heading", { name: "first-2" }).waitFor();
    await agents.until("first-2");
    await agents.create("stuck", { prompt: "hang" });
    await agents.untilSaid("stuck", /I begin/);
    await page.goto(`${origin}/#/runs/${agents.cluster.namespace}/stuck`);
    await page.getByRole("button", { name: "Cancel" }).click();
    const { status } = await agents.until("stuck");
    assert.equal(status?.reason, "Cancelled");
    await page.getByText("ended: Failed", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await waitForAbsence(agents.cluster.client, agentRuns, {
      namespace: agents.cluster.namespace,
      name: "stuck",
    });
    await page.getByRole("row").filter({ hasText: "first-2" }).waitFor();
    await page.getByRole("row").filter({ hasText: "stuck" }).waitFor({ state: "detached" });
  });

  it("keeps what is looked for in the address", async () => {
    await page.goto(`${origin}/#/runs`);
    await page.getByText("2 runs, live").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("first-2");
    await page.getByText("1 of 2 runs, live").waitFor();
    assert.match(page.url(), /#\/runs\?text=first-2$/);
    await page.reload();
    await page.getByText("1 of 2 runs, live").waitFor();
    await page.getByRole("searchbox").fill("nothing like it");
    await page.getByRole("link", { name: "Show all runs" }).click();
    await page.getByText("2 runs, live").waitFor();
  });

  it("shows that the connection is lost, and what has happened meanwhile once it is back", async () => {
    proxy.refuse(true);
    proxy.cutAll();
    await page.getByText("Connection lost:").waitFor();
    await agents.create("meanwhile", { prompt: "commit it" });
    await agents.cluster.client.delete(agentRuns, { namespace: agents.cluster.namespace, name: "first-2" });
    proxy.refuse(false);
    await page.getByRole("row").filter({ hasText: "meanwhile" }).waitFor({ timeout: 30_000 });
    await page.getByRole("row").filter({ hasText: "first-2" }).waitFor({ state: "detached" });
    await page.getByText("2 runs, live").waitFor();
    await agents.until("meanwhile");
  });

  it("obeys nothing of 500 hostile texts, in the table, the transcript, the result, the change and the manifest", async () => {
    assert.equal(HOSTILE_TEXTS.length, 500);
    const perRun = 20;
    for (let first = 0; first < HOSTILE_TEXTS.length; first += perRun)
      await agents.create(`waits-${first}`, {
        providerRef: "absent",
        model: `m${HOSTILE_TEXTS[first]}`.replaceAll(/[^\x21-\x7e]/g, "_"),
        prompt: `hostile ${HOSTILE_TEXTS.slice(first, first + perRun).join("\n")}`,
      });
    await agents.create("hostile", { prompt: `hostile ${ALL_HOSTILE}` });
    const run = await agents.until("hostile", isFinished);
    assert.equal(run.status?.phase, "Succeeded", JSON.stringify(run.status));
    await page.getByText("28 runs, live").waitFor();
    await isHarmless();
    await page.getByRole("searchbox").fill("hostile <script>");
    await isHarmless();
    for (const name of ["hostile", "waits-0", "waits-480"]) {
      await page.goto(`${origin}/#/runs/${agents.cluster.namespace}/${name}`);
      await page.getByRole("heading", { name }).waitFor();
      await page.locator(".task", { hasText: "onerror" }).waitFor();
      await page.getByText("As YAML, with its status").click();
      await page.locator(".manifest", { hasText: "alert(1)" }).waitFor();
      await isHarmless();
      if (name !== "hostile") continue;
      await page.locator(".transcript", { hasText: "<svg onload=alert(1)>" }).waitFor();
      for (const summary of await page.locator(".transcript summary").all()) await summary.click();
      const pods = page.getByRole("region", { name: "Jobs and pods" });
      await pods.locator("summary", { hasText: "agent" }).click();
      await pods.locator(".log", { hasText: "onload=alert(1)" }).waitFor();
      await isHarmless();
      await page.getByRole("button", { name: "Show the change" }).click();
      await page.locator(".diff", { hasText: "<svg onload=alert(1)>" }).waitFor({ timeout: 60_000 });
      await isHarmless();
      assert.deepEqual(await inBothThemes(), []);
    }
  });

  it("offers nothing that the user may not do, and says so", async () => {
    const { client, namespace } = agents.cluster;
    const readers = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "readers" };
    await client.create(roles, {
      metadata: { name: "readers", namespace },
      rules: [
        { apiGroups: ["agent.xonovex.com"], resources: ["agentruns"], verbs: ["get", "list", "watch"] },
      ],
    } as KubeObject);
    await client.create(roleBindings, {
      metadata: { name: "readers", namespace },
      roleRef: readers,
      subjects: [{ kind: "User", name: "reader", apiGroup: readers.apiGroup }],
    } as KubeObject);
    const reader = await startProgram("--as", "reader");
    const other = await openPage(await browser.newContext(), reader.origin);
    await other.page.goto(reader.address);
    await other.page.getByText("28 runs, live").waitFor();
    await other.page.goto(`${reader.origin}/#/runs/${namespace}/first`);
    await other.page.getByText("You may not retry or delete runs here.").waitFor();
    await other.page.getByText("You may not create pods here.").first().waitFor();
    assert.equal(await other.page.getByRole("button", { name: /Retry|Delete|Cancel/ }).count(), 0);
    await other.page.goto(`${reader.origin}/#/runs?namespace=`);
    await other.page
      .getByRole("alert")
      .getByText(/cannot list resource "agentruns".*at the cluster scope/)
      .waitFor();
    assert.deepEqual(other.faults, []);
    await other.page.close();
  });

  it("can be used at 400 pixels", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const place of ["#/runs", `#/runs/${agents.cluster.namespace}/hostile`]) {
      await page.goto(`${origin}/${place}`);
      await page.getByText(place === "#/runs" ? "28 runs, live" : "Timeline").waitFor();
      const wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(wider) <= 0, `${place} is ${wider} pixels too wide`);
      if (place === "#/runs") {
        const told = await page.locator(".told").filter({ visible: true }).first().boundingBox();
        assert.ok(told && told.width > 150, "what a run is for has no room");
      }
      assert.deepEqual(await inBothThemes(), []);
    }
  });

  it("prints no secret but the address, and nothing went wrong in the page", () => {
    const { stdout, stderr } = program.output;
    assert.equal(stdout.split("code=").length, 2);
    assert.equal(stderr, "");
    assert.deepEqual(watched.faults, []);
  });

  async function startProgram(
    ...more: string[]
  ): Promise<{ program: RunningProgram; address: string; origin: string }> {
    const options = ["--kubeconfig", kubeconfigFile, "--namespace", agents.cluster.namespace, ...more];
    const started = start(process.execPath, [checkoutProgram, "console", ...options], {
      cwd: projectRoot,
      timeoutMs: 590_000,
    });
    stack.defer(async () => {
      started.kill("SIGTERM");
      await started.ended;
    });
    const printed = await started.waitForOutput(/\n {2}((http:\S+)\/#code=\S+)\n/, 60_000);
    return { program: started, address: printed[1] ?? "", origin: printed[2] ?? "" };
  }

  /** Tools with what they changed and what they answered. */
  async function seesTools(): Promise<void> {
    const edit = page.locator(".entry-tool", { hasText: "Edit: " });
    await edit.locator("tr.line-removed", { hasText: '"Hello"' }).waitFor();
    await edit.locator(".line-added .hljs-string").first().waitFor();
    const shell = page.locator(".entry-tool", { hasText: "cat missing" });
    await shell.getByText("failed", { exact: true }).waitFor();
    await shell.locator("summary").press("Enter");
    await shell.locator(".output.failed", { hasText: "No such file" }).waitFor();
  }

  /** The containers of the agent's pod, and the log of one that runs before it. */
  async function seesLogs(): Promise<void> {
    const section = page.getByRole("region", { name: "Jobs and pods" });
    await section.getByText("complete", { exact: true }).waitFor();
    if (PICTURES) await section.screenshot({ path: join(PICTURES, "pods.png") });
    const clone = section.locator("summary", { hasText: "git-clone" });
    await clone.press("Enter");
    await section.getByRole("group", { name: /^Log of git-clone/ }).waitFor();
    assert.equal((await section.locator("summary", { hasText: "agent" }).count()) > 0, true);
  }

  async function inBothThemes(): Promise<string[]> {
    return violationsInBothThemes(page, async (theme) => {
      pictures += 1;
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${pictures}-${theme}.png`) });
    });
  }

  /** No element that a text made, no attribute that runs, no link to anything but pages, nothing on the prototype. */
  async function isHarmless(): Promise<void> {
    assert.deepEqual(await harmOn(page), []);
    assert.deepEqual(watched.faults, []);
  }
});
