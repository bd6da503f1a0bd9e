import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { buildWeb } from "../../scripts/web.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentTriggers,
  agentWorkspaces,
} from "../../src/api/resources.ts";
import type { Transport } from "../../src/client/transport.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { readAssets } from "../../src/console/assets.ts";
import { startConsole, type Console } from "../../src/console/server.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import type { ResourceType } from "../../src/kube/resources.ts";
import {
  harmOn,
  openPage,
  startBrowser,
  violationsInBothThemes,
  type WatchedPage,
} from "../support/browser.ts";
import { useCluster } from "../support/cluster.ts";
import { fillNamespace } from "../support/console-objects.ts";
import { HOSTILE_TEXTS } from "../support/hostile-texts.ts";
import { aRun } from "../support/objects.ts";
import { projectRoot } from "../support/project-files.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Where pictures of the pages go, for people to look at. */
const PICTURES = process.env["TEST_PICTURES"];
const VIEWS = ["overview", "workspaces", "providers", "schedules", "triggers", "config"] as const;

/** Objects are as an operator has left them; none works here, so that they stay. */
describe("the console's pages in a browser", { timeout: 300_000 }, () => {
  const cluster = useCluster({ operator: false });
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let served: Console;
  let watched: WatchedPage;
  let page: Page;
  /** Of runs, open at this moment. */
  let watches = 0;
  before(
    async () => {
      browser = await startBrowser(stack);
      const { path } = stack.use(await temporaryDirectory());
      await buildWeb(projectRoot, `${path}/console`);
      const { transport } = await kubeconfigTransport({ paths: [cluster.kubeconfig], environment: {} });
      stack.defer(() => transport.close());
      served = stack.use(
        await startConsole({
          transport: countingWatches(transport),
          assets: await readAssets(`${path}/console`),
          session: { context: "test", namespace: cluster.namespace, server: "https://server" },
          fetchArtifact: () => Promise.reject(new Error("nothing is there")),
          describeError: String,
          port: 0,
          now: Date.now,
        }),
      );
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
      watched = await openPage(context, served.origin);
      ({ page } = watched);
      await page.goto(served.address);
      await page.getByText("0 runs, live").waitFor();
    },
    { timeout: 120_000 },
  );
  after(() => stack.disposeAsync());

  it("teach the next step while there is nothing", async () => {
    for (const [view, taught] of [
      ["overview", "agent-operator run"],
      ["workspaces", "config/samples/workspace.yaml"],
      ["providers", "config/samples/agentprovider.yaml"],
      ["schedules", "config/samples/schedule.yaml"],
      ["triggers", "config/samples/triggers.yaml"],
      ["config", "config/samples/agentconfig.yaml"],
    ] as const) {
      await page.goto(`${served.origin}/#/${view}`);
      await page.getByText(taught).waitFor();
      assert.deepEqual(await violationsInBothThemes(page), []);
    }
  });

  it("show what is there and what it came to", async () => {
    await fillNamespace(cluster.client, cluster.namespace, Date.now());
    const seen: Record<(typeof VIEWS)[number], readonly (string | RegExp)[]> = {
      overview: [
        "At work: 2",
        "Waiting: 2",
        "Failed in the last day: 2",
        "VerificationFailed",
        "The last 14 days",
      ],
      workspaces: ["fix-checkout", "run deleted", "4f0e9c1d2b3a"],
      providers: ["SecretNotFound", "2 (50 %)", "$2.65", "2 of 4"],
      schedules: ["30 2 * * *", "Europe/Berlin", "nightly-review-29412"],
      triggers: ["event.action == 'labeled'", "ActorRefused", "8f2c-11"],
      config: ["in force", "defaultTimeout", "45m", "memory: 1Gi"],
    };
    for (const view of VIEWS) {
      await page.goto(`${served.origin}/#/${view}`);
      const main = page.locator("main");
      for (const text of seen[view]) await main.getByText(text).first().waitFor();
      assert.deepEqual(await pictured(view), []);
    }
  });

  it("change as the objects do", async () => {
    await page.goto(`${served.origin}/#/providers`);
    await page.getByText("SecretNotFound").waitFor();
    const at = { namespace: cluster.namespace, name: "gemini" };
    const ready = {
      type: "Ready",
      status: "True",
      reason: "Ready",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    await cluster.client.patch(
      agentProviders,
      at,
      { status: { conditions: [ready] } },
      { type: "merge", subresource: "status" },
    );
    await page.getByText("SecretNotFound").waitFor({ state: "detached" });
    await page.goto(`${served.origin}/#/triggers`);
    await page.getByText("8f2c-11").waitFor();
    await cluster.client.delete(agentTriggers, { namespace: cluster.namespace, name: "issues" });
    await page.getByText("There is no trigger").waitFor();
  });

  it("lead from one to the other by the keyboard, and keep the namespace", async () => {
    await page.goto(`${served.origin}/#/overview?namespace=`);
    await page.getByText("At work: 2").waitFor();
    await page.getByRole("link", { name: "Providers" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(`${cluster.namespace}/anthropic`).waitFor();
    assert.match(page.url(), /#\/providers\?namespace=$/);
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByText("9 runs, live").waitFor();
  });

  it("are all reached from the palette, and everything on them by j and k", async () => {
    await page.goto(`${served.origin}/#/runs`);
    await page.getByText("9 runs, live").waitFor();
    assert.deepEqual(await pictured("runs"), []);
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("schedules");
    await page.getByRole("option", { name: "Schedules" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Schedules" }).waitFor();
    await page.getByText("nightly-review-29412").waitFor();
    const focused = async (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
    for (let presses = 0; (await focused()) !== "nightly-review-29412"; presses++) {
      assert.ok(presses < 30, String(await focused()));
      await page.keyboard.press("j");
    }
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "nightly-review-29412" }).waitFor();
    await page.getByRole("link", { name: "Start again …" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("start again");
    await page.getByRole("option", { name: /Start again/ }).waitFor();
    assert.deepEqual(await pictured("palette"), []);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Start again: nightly-review-29412" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("9 runs, live").waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("upgrade");
    await page.getByRole("option", { name: "upgrade-payment" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "upgrade-payment" }).waitFor();
    assert.deepEqual(watched.faults, []);
  });

  it("show the pull request and the verification of a run, and find it by its label", async () => {
    await page.goto(`${served.origin}/#/runs`);
    const row = page.getByRole("row").filter({ hasText: "add-search" });
    await row.getByRole("link", { name: "#12" }).waitFor();
    await row.getByText("Passed").waitFor();
    await page.getByLabel("Label").fill("team=catalogue");
    await page.getByText("1 of 9 runs, live").waitFor();
    assert.match(page.url(), /label=team%3Dcatalogue/);
    await row.getByRole("link", { name: "add-search" }).click();
    await page.getByRole("link", { name: "https://git.example.com/team/shop/pulls/12" }).waitFor();
    await page.getByText("Every value that counts").press("Enter");
    const value = (field: string) =>
      page.getByRole("group", { name: "Values" }).getByRole("row", { name: field });
    await value("timeout").getByText("AgentConfig default").waitFor();
    await value("model").getByText("AgentProvider anthropic").waitFor();
    assert.deepEqual(await pictured("origins"), []);
  });

  it("have one watch for all windows, which another one takes over, and miss nothing", async () => {
    const { client, namespace } = cluster;
    await page.goto(`${served.origin}/#/runs`);
    await page.getByText("9 runs, live").waitFor();
    // More than a browser opens connections to one server.
    const windows: Page[] = [];
    for (let index = 0; index < 7; index++) {
      const opened = await openPage(page.context(), served.origin);
      await opened.page.goto(`${served.origin}/#/runs`);
      await opened.page.getByText("9 runs, live").waitFor();
      windows.push(opened.page);
    }
    assert.equal(watches, 1);
    const seen = async (name: string, pages: readonly Page[]): Promise<void> => {
      await client.create(agentRuns, {
        ...aRun(name, "https://git.example.com/a.git"),
        metadata: { name, namespace },
      });
      for (const each of pages) await each.getByRole("link", { name, exact: true }).waitFor();
    };
    await seen("for-all", [page, ...windows]);
    // The one that watches is the first; what happens while the next one takes over is seen too.
    await page.goto("about:blank");
    await seen("taken-over", windows);
    assert.equal(watches, 1);
    for (const name of ["for-all", "taken-over"]) await client.delete(agentRuns, { namespace, name });
    for (const each of windows) {
      await each.getByText("9 runs, live").waitFor();
      await each.close();
    }
    await page.goto(`${served.origin}/#/runs`);
    await page.getByText("9 runs, live").waitFor();
  });

  it("make a run of a form and of a manifest that say the same, once the API server would take it", async () => {
    await page.goto(`${served.origin}/#/runs`);
    await page.getByRole("link", { name: "New run" }).click();
    await page.getByRole("heading", { name: "New run" }).waitFor();
    assert.deepEqual(await pictured("new"), []);
    const manifest = page.getByLabel("Manifest as YAML");
    const says = async (text: string): Promise<void> => holds(manifest, (value) => value.includes(text));
    await page.getByLabel(/^name/).first().fill("by-form");
    await page.getByLabel("prompt", { exact: true }).fill("Fix it\nand test it");
    await page.getByLabel("providerRef").fill("anthropic");
    await says("providerRef: anthropic");
    await page.locator("datalist option[value=gemini]").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Check" }).click();
    await page
      .getByRole("alert")
      .filter({ hasText: "set repository to the repository to work on" })
      .waitFor();
    assert.deepEqual(await pictured("new-wrong"), []);
    // What is wrong with a field unfolds it.
    await page.getByLabel("url (required)").fill("https://git.example.com/a.git");
    await says("url: https://git.example.com/a.git");
    const typed = (await manifest.inputValue()).replace(
      "prompt:",
      "timeout: 20m\n  dependsOn:\n    - run: other\n  prompt:",
    );
    await manifest.fill(typed);
    await holds(page.getByLabel("timeout", { exact: true }).first(), (value) => value === "20m");
    await manifest.fill(`${typed}\n  : [`);
    assert.equal(await page.getByRole("button", { name: "Create" }).isDisabled(), true);
    await manifest.fill(typed);
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("The API server would take it.").waitFor();
    const at = { namespace: cluster.namespace, name: "by-form" };
    await assert.rejects(cluster.client.get(agentRuns, at), /not found/);
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "by-form" }).waitFor();
    const { spec } = await cluster.client.get(agentRuns, at);
    assert.equal(spec.prompt, "Fix it\nand test it");
    assert.deepEqual(
      spec.dependsOn?.map(({ run }) => run),
      ["other"],
    );
    await page.getByRole("link", { name: "Start again …" }).click();
    await page.getByRole("heading", { name: "Start again: by-form" }).waitFor();
    await says("name: by-form-2");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "by-form-2" }).waitFor();
    await page.getByRole("link", { name: "Resume …" }).click();
    await says("continueFrom:");
    await page.getByLabel("prompt", { exact: true }).fill("Go on");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("heading", { name: "by-form-3" }).waitFor();
    const resumed = await cluster.client.get(agentRuns, { ...at, name: "by-form-3" });
    assert.equal(resumed.spec.continueFrom?.run, "by-form-2");
    assert.equal(resumed.spec.repository, undefined);
    for (const name of ["by-form", "by-form-2", "by-form-3"])
      await cluster.client.delete(agentRuns, { ...at, name });
    assert.deepEqual(watched.faults, []);
  });

  it("obey nothing of 500 hostile texts", async () => {
    assert.equal(HOSTILE_TEXTS.length, 500);
    const { client } = cluster;
    const perNamespace = 100;
    for (let first = 0; first < HOSTILE_TEXTS.length; first += perNamespace) {
      const namespace = `${cluster.namespace}-h${first}`;
      await client.create(namespaces, { metadata: { name: namespace } });
      const own = HOSTILE_TEXTS.slice(first, first + perNamespace);
      await fillNamespace(client, namespace, Date.now(), (index) => own[index % own.length] ?? "");
      const set = (type: ResourceType, name: string, status: object): Promise<unknown> =>
        client.patch(type, { namespace, name }, { status }, { type: "merge", subresource: "status" });
      const observedAt = "2026-01-01T00:00:00Z";
      await set(agentWorkspaces, "shop", {
        worktrees: own.map((branch, index) => ({ run: `w-${index}`, path: "/w", branch, observedAt })),
      });
      await set(agentTriggers, "issues", {
        deliveries: Array.from({ length: 20 }, (_, index) => ({
          time: observedAt,
          reason: "InvalidRun",
          message: own.slice(index * 5, index * 5 + 5).join("\n"),
        })),
      });
      const message = own.join("\n");
      await set(agentProviders, "gemini", {
        conditions: [
          { type: "Ready", status: "False", reason: "No", message, lastTransitionTime: observedAt },
        ],
      });
      await set(agentRuns, "upgrade-payment", { message, published: publishedAt(own[1]) });
      const text = message.replaceAll("\0", "");
      const at = { namespace, name: "default" };
      await client.patch(agentConfigs, at, { spec: { instructions: { text } } }, { type: "merge" });
      await page.goto(`${served.origin}/#/runs?namespace=${namespace}`);
      await page.getByRole("row").filter({ hasText: "upgrade-payment" }).waitFor();
      await page.keyboard.press("Control+k");
      await page.getByRole("option", { name: "upgrade-payment" }).waitFor();
      assert.deepEqual(await harmOn(page), []);
      await page.keyboard.press("Escape");
      for (const view of VIEWS) {
        await page.goto(`${served.origin}/#/${view}?namespace=${namespace}`);
        await page.locator("main").getByText("Live", { exact: true }).waitFor();
        await page.locator("main section").first().waitFor();
        for (const summary of await page.locator("main summary").all()) await summary.click();
        assert.deepEqual(await harmOn(page), []);
      }
      await client.create(agentRuns, {
        ...aRun("written", "https://git.example.com/a.git", { prompt: text, systemPrompt: text }),
        metadata: { namespace, name: "written" },
      });
      await page.goto(`${served.origin}/#/new?again=written&namespace=${namespace}`);
      await holds(page.locator("#field-spec-prompt"), (value) => value.length > 100);
      await page.locator("summary", { hasText: "All other fields" }).click();
      assert.deepEqual(await harmOn(page), []);
    }
    assert.deepEqual(watched.faults, []);
  });

  it("can be used at 400 pixels", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const view of VIEWS) {
      await page.goto(`${served.origin}/#/${view}`);
      await page.locator("main").getByText("Live", { exact: true }).waitFor();
      await isUsable(view);
    }
    await page.goto(`${served.origin}/#/runs`);
    await page.getByText("9 runs, live").waitFor();
    await isUsable("runs");
    for (const name of ["add-search", "upgrade-payment"]) {
      await page.goto(`${served.origin}/#/runs/${cluster.namespace}/${name}`);
      await page.getByRole("button", { name: "Delete" }).waitFor();
      await page.getByText("Every value that counts").press("Enter");
      await page.getByText("As YAML, with its status").press("Enter");
      await page.locator(".manifest", { hasText: "kind: AgentRun" }).waitFor();
      await isUsable(name);
    }
    await page.getByText("It has no Job yet: it waits (SecretNotFound).").waitFor();
    await page.getByRole("button", { name: "Delete" }).press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).waitFor();
    await isUsable("delete");
    await page.keyboard.press("Escape");
    for (const [key, dialog] of [
      ["Control+k", "Go to or do"],
      ["?", "Keys"],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole("dialog", { name: dialog }).waitFor();
      await isUsable(dialog);
      await page.keyboard.press("Escape");
    }
    await page.goto(`${served.origin}/#/new`);
    await page.getByLabel(/^name/).first().fill("narrow");
    await page.getByRole("button", { name: "Check" }).press("Enter");
    await page.getByRole("alert").first().waitFor();
    await isUsable("new");
    // Every field that there is, with its help.
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true");
    await isUsable("new-unfolded");
    const { items } = await cluster.client.list(agentRuns, { namespace: cluster.namespace });
    assert.equal(items.length, 9);
    assert.deepEqual(watched.faults, []);
  });

  /** Nothing is wider than the window, everything to press or write in is on it, and axe finds nothing in both themes. */
  async function isUsable(name: string): Promise<void> {
    const wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert.ok(Number(wider) <= 0, `${name} is ${wider} pixels too wide`);
    const outside = await page.evaluate(`
      [...document.querySelectorAll("#app :is(a[href], button, input, select, textarea, summary)")]
        .filter((each) => each.checkVisibility() && !isReached(each))
        .map((each) => each.outerHTML.slice(0, 200));
      function isReached(each) {
        const { left, right } = each.getBoundingClientRect();
        if (left >= 0 && right <= innerWidth) return true;
        for (let box = each.parentElement; box !== null; box = box.parentElement)
          if (/auto|scroll/.test(getComputedStyle(box).overflowX)) return true;
        return false;
      }`);
    assert.deepEqual(outside, [], name);
    assert.deepEqual(await pictured(`narrow-${name}`), []);
  }

  function countingWatches(transport: Transport): Transport {
    return (asked) => {
      if (/\/agentruns\?.*watch=true/.test(asked.path) && asked.signal) {
        watches += 1;
        asked.signal.addEventListener("abort", () => (watches -= 1), { once: true });
      }
      return transport(asked);
    };
  }

  /** Waits, without a script in the page, which its policy forbids. */
  async function holds(field: Locator, isRight: (value: string) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(30_000);
    while (!isRight(await field.inputValue())) await sleep(50, undefined, { signal });
  }

  function pictured(name: string): Promise<string[]> {
    return violationsInBothThemes(page, async (theme) => {
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `page-${name}-${theme}.png`) });
    });
  }
});

/** A push whose pull request is wherever this leads. */
function publishedAt(url = ""): object {
  const commit = "4f0e9c1d2b3a4f0e9c1d2b3a4f0e9c1d2b3a4f0e";
  const time = "2026-01-01T00:00:00Z";
  return { commit, branch: "b", time, pullRequest: { number: 1, url: `javascript:alert(1)//${url}` } };
}
