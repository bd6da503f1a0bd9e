import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { buildWeb } from "../../scripts/web.ts";
import { agentRuns } from "../../src/api/resources.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { readAssets } from "../../src/console/assets.ts";
import { startConsole } from "../../src/console/server.ts";
import { artifactsWith } from "../../src/cli/commands/console.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const SCENARIOS = {
  commit: [
    { text: "I will write.", actions: [{ write: { path: "HELLO.md", content: "# Hello\n" } }] },
    { actions: [{ run: 'git add -A && git commit -m "Add HELLO.md"' }] },
    { text: "Done." },
  ],
  hang: [{ text: "I begin.", actions: [{ run: "true" }] }, { fault: "hang" as const }],
};
const MOST_PRESSES = 120;
const AGENT_MS = 90_000;

/** From the first key to the last; no mouse, and nothing gets the focus but by a key. */
describe("the life of a run by the keyboard alone", { timeout: 400_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  let watched: WatchedPage;
  let page: Page;
  before(
    async () => {
      const { path } = stack.use(await temporaryDirectory());
      await buildWeb(projectRoot, `${path}/console`);
      const { kubeconfig, namespace } = agents.cluster;
      const { transport } = await kubeconfigTransport({ paths: [kubeconfig], environment: {} });
      stack.defer(() => transport.close());
      const served = stack.use(
        await startConsole({
          transport,
          assets: await readAssets(`${path}/console`),
          session: { context: "test", namespace, server: "https://server" },
          fetchArtifact: artifactsWith(undefined),
          describeError: String,
          port: 0,
          now: Date.now,
        }),
      );
      const browser = await startBrowser(stack);
      watched = await openPage(await browser.newContext(), served.origin);
      ({ page } = watched);
      await page.goto(served.address);
      await page.getByText("0 runs, live").waitFor();
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync());

  it("begins in a form, which is checked and sent", async () => {
    await choose("new run");
    await page.getByRole("heading", { name: "New run" }).waitFor();
    await goTo("Tab", "#field-metadata-name");
    await page.keyboard.type("by-keys");
    await goTo("Tab", "#field-spec-prompt");
    await page.keyboard.type("commit it");
    await goTo("Tab", "#field-spec-providerRef");
    await page.keyboard.type("scripted");
    await page.keyboard.press("Escape");
    await goTo("Tab", "summary", "repository");
    await page.keyboard.press("Enter");
    await goTo("Tab", "#field-spec-repository-url");
    await page.keyboard.type(agents.repositoryUrl);
    await goTo("Tab", "textarea[aria-label='Manifest as YAML']");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("  verify: {command: [echo, it holds]}");
    await goTo("Tab", "button", "Check");
    await page.keyboard.press("Enter");
    await page.getByText("The API server would take it.").waitFor();
    await goTo("Shift+Tab", "button", "Create");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "by-keys" }).waitFor();
  });

  it("is followed to its end, with what it says, its logs, its change and its manifest", async () => {
    const transcript = page.getByRole("list", { name: "What the agent says and does" });
    await transcript.getByText("Done.").waitFor({ timeout: AGENT_MS });
    await page.getByText("ended: Succeeded", { exact: true }).waitFor({ timeout: AGENT_MS });
    await goTo("j", "summary", "verify");
    await page.keyboard.press("Enter");
    await page
      .getByRole("group", { name: /^Log of verify/ })
      .getByText("it holds")
      .waitFor();
    await goTo("k", "button", "Show the change");
    await page.keyboard.press("Enter");
    await page.locator(".file", { hasText: "HELLO.md" }).getByText("# Hello").waitFor({ timeout: AGENT_MS });
    await goTo("j", "summary", "Every value that counts");
    await page.keyboard.press("Enter");
    await page.getByRole("group", { name: "Values" }).getByText("AgentProvider scripted").first().waitFor();
    await goTo("j", "summary", "As YAML");
    await page.keyboard.press("Enter");
    await page.locator(".manifest", { hasText: "kind: AgentRun" }).waitFor();
  });

  it("starts again with another task, and is cancelled while it is at work", async () => {
    await choose("start again");
    await page.getByRole("heading", { name: "Start again: by-keys" }).waitFor();
    await goTo("Tab", "#field-spec-prompt");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("hang");
    await goTo("Tab", "button", "Create");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "by-keys-2" }).waitFor();
    await page.getByText("I begin.").waitFor({ timeout: AGENT_MS });
    await choose("cancel");
    await page.getByText("ended: Failed", { exact: true }).waitFor({ timeout: AGENT_MS });
  });

  it("is deleted, once that is meant; the focus comes back if it is not", async () => {
    await goTo("j", "button", "Delete");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete by-keys-2?" });
    await goTo("Tab", "dialog button", "Keep");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(), "Delete");
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await focused(), "Delete");
    await page.keyboard.press("Enter");
    await goTo("Tab", "dialog button", "Delete");
    await page.keyboard.press("Enter");
    const { client, namespace } = agents.cluster;
    await waitForAbsence(client, agentRuns, { namespace, name: "by-keys-2" });
    await page.getByText("1 run, live").waitFor();
    await page.keyboard.press("j");
    assert.equal(await focused(), "by-keys");
    assert.deepEqual(watched.faults, []);
  });

  /** By the palette. */
  async function choose(text: string): Promise<void> {
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type(text);
    await page.getByRole("option", { name: new RegExp(`^${text}`, "i"), selected: true }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }

  /** Presses the key until this has the focus, which everything on the way there shows. */
  async function goTo(key: string, selector: string, text = ""): Promise<void> {
    const wanted = JSON.stringify([selector, text]);
    for (let presses = 0; presses < MOST_PRESSES; presses++) {
      const [isThere, isSeen, what] = await page.evaluate<[boolean, boolean, string]>(`(() => {
        const [selector, text] = ${wanted};
        const each = document.activeElement;
        const { outlineStyle } = getComputedStyle(each);
        const is = each.matches(selector) && each.textContent.includes(text);
        return [is, each === document.body || (each.matches(":focus-visible") && outlineStyle !== "none"),
          each.outerHTML.slice(0, 200)];
      })()`);
      assert.ok(isSeen, `the focus cannot be seen on ${what}`);
      if (isThere) return;
      await page.keyboard.press(key);
    }
    assert.fail(`${MOST_PRESSES} times ${key} do not lead to ${selector} ${text}`);
  }

  async function focused(): Promise<unknown> {
    return page.evaluate("document.activeElement.textContent");
  }
});
