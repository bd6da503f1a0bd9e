import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { stringify } from "yaml";
import { buildWeb } from "../../scripts/web.ts";
import type { AgentRun } from "../../src/api/agent-run.ts";
import type { HttpResponse } from "../../src/client/transport.ts";
import { readAssets } from "../../src/console/assets.ts";
import { startConsole, type ConsoleOptions } from "../../src/console/server.ts";
import { openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { aRun } from "../support/objects.ts";
import { checkoutProgram, projectRoot } from "../support/project-files.ts";
import { start, type RunningProgram } from "../support/run.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RUNS = 5000;
/** A screen of rows and the spare ones; with an element for each run the page would be slow. */
const MAX_ROWS = 60;
const MAX_MIB = 100;

/** From the printed address to the first row, on loopback. The best of some openings: a busy machine proves nothing. */
const [FIRST_ROW_MS, OPENINGS] = [1000, 3];

/** What a server lists is all that this needs of one: creating so many runs would take minutes. */
test("the console shows 5,000 runs soon, with the rows of one screen", { timeout: 120_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const browser = await startBrowser(stack);
  const { path } = stack.use(await temporaryDirectory());
  await buildWeb(projectRoot, `${path}/console`);
  const assets = await readAssets(`${path}/console`);
  const firstRows: number[] = [];
  for (let opening = 1; opening < OPENINGS; opening += 1) {
    const { page, firstMs } = await openRuns(stack, browser, assets);
    firstRows.push(firstMs);
    await page.context().close();
  }
  const { page, faults, firstMs, allMs } = await openRuns(stack, browser, assets);
  firstRows.push(firstMs);
  process.stderr.write(
    `the first of ${RUNS} runs is shown after ${firstRows.join(", ")} ms, all after ${allMs} ms\n`,
  );
  assert.ok(Math.min(...firstRows) < FIRST_ROW_MS, `the first row is shown after ${firstRows.join(", ")} ms`);
  const rows = page.locator("tbody tr:not(.space)");
  assert.ok((await rows.count()) <= MAX_ROWS, `${await rows.count()} rows`);
  assert.equal(await page.locator("table").getAttribute("aria-rowcount"), `${RUNS + 1}`);
  await page.evaluate("document.querySelector('.table-box').scrollTop = 1e9");
  await page.getByRole("link", { name: "run-4999", exact: true }).waitFor();
  assert.ok((await rows.count()) <= MAX_ROWS, `${await rows.count()} rows at the end`);
  await page.getByRole("searchbox").fill("run-1234");
  await page.getByText(`1 of ${RUNS} runs, live`).waitFor();
  await page.getByRole("link", { name: "run-1234", exact: true }).waitFor();
  assert.deepEqual(faults, []);
});

/** A console, opened in a browser that has not seen it; and when its page had a row, and all of them. */
async function openRuns(
  stack: AsyncDisposableStack,
  browser: Browser,
  assets: ConsoleOptions["assets"],
): Promise<WatchedPage & { firstMs: number; allMs: number }> {
  const served = stack.use(
    await startConsole({
      transport: ({ path: asked, signal }) => Promise.resolve(answer(asked, signal)),
      assets,
      session: { context: "test", namespace: "default", server: "https://server" },
      fetchArtifact: () => Promise.reject(new Error("nothing is there")),
      describeError: String,
      port: 0,
      now: Date.now,
    }),
  );
  const watched = await openPage(await browser.newContext(), served.origin);
  const { page } = watched;
  await page.addInitScript(timesScript);
  await page.goto(served.address);
  await page.getByRole("link", { name: "run-0", exact: true }).waitFor();
  await page.getByText(`${RUNS} runs, live`).waitFor();
  await page.waitForFunction("times.allMs !== undefined");
  return { ...watched, ...(await page.evaluate<{ firstMs: number; allMs: number }>("times")) };
}

/** When the page was painted with its first row, and with all; in ms since the navigation began. */
const timesScript = `
  globalThis.times = {};
  const painted = (name) => requestAnimationFrame(() =>
    setTimeout(() => { times[name] ??= Math.round(performance.now()); }));
  new MutationObserver(() => {
    if (times.firstMs === undefined && document.querySelector("a[data-key]")) painted("firstMs");
    if (document.querySelector(".state")?.textContent.startsWith("${RUNS} runs")) painted("allMs");
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

function runOf(index: number): AgentRun {
  const run = aRun(`run-${index}`, "https://git.example.com/a.git", { prompt: `Task ${index}. `.repeat(50) });
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1) - index * 1000).toISOString();
  return {
    ...run,
    metadata: { ...run.metadata, namespace: "default", uid: `${index}`, creationTimestamp },
    status: { phase: "Succeeded", observedGeneration: 1, reason: "Completed", agent: "claude" },
  };
}

/** A page of the list, as the path and its query ask for it. */
function listed(query: URLSearchParams): string {
  const first = Number(query.get("continue") ?? 0);
  const limit = Number(query.get("limit") ?? 0);
  const items = Array.from({ length: Math.min(limit, RUNS - first) }, (_, index) => runOf(first + index));
  const next = first + limit < RUNS ? `${first + limit}` : "";
  return JSON.stringify({ metadata: { resourceVersion: "1", continue: next }, items });
}

function answer(asked: string, signal: AbortSignal | undefined): HttpResponse {
  const query = new URL(asked, "http://server").searchParams;
  const body = Buffer.from(listed(query));
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (query.get("watch") !== "true") return yield body;
    await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
  }
  return {
    status: 200,
    headers: {},
    text: () => Promise.resolve(body.toString()),
    bytes: () => Promise.resolve(body),
    chunks,
  };
}

test("the console's server stays small while it passes on 5,000 runs", { timeout: 240_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const browser = await startBrowser(stack);
  const { path } = stack.use(await temporaryDirectory());
  const server = stack.use(
    await startScriptedServer(
      ({ path: asked, query }, response) => {
        if (!asked.endsWith("/agentruns")) return void response.writeHead(404).end("{}");
        response.writeHead(200, { "content-type": "application/json" });
        if (query.get("watch") === "true") response.flushHeaders();
        else response.end(listed(query));
      },
      { protocol: "HTTP/2" },
    ),
  );
  await writeFile(`${path}/kubeconfig`, stringify(kubeconfigOf(server.url, server.options.ca ?? "")));
  const startProgram = async (): Promise<{ program: RunningProgram; address: string; origin: string }> => {
    const program = stack.use(
      start(process.execPath, [checkoutProgram, "console", "--kubeconfig", `${path}/kubeconfig`], {
        cwd: projectRoot,
        timeoutMs: 230_000,
      }),
    );
    const printed = await program.waitForOutput(/\n {2}((http:\S+)\/#code=\S+)\n/, 60_000);
    return { program, address: printed[1] ?? "", origin: printed[2] ?? "" };
  };
  // The first one after a change compiles what the next ones load.
  const first = await startProgram();
  first.program.kill("SIGTERM");
  await first.program.ended;
  const { program, address, origin } = await startProgram();
  const atFirst = await memoryOf(program.pid);
  const { page, faults } = await openPage(await browser.newContext(), origin);
  await page.goto(address);
  await page.getByText(`${RUNS} runs, live`).waitFor();
  for (let opening = 1; opening < OPENINGS; opening += 1) {
    await page.reload();
    await page.getByText(`${RUNS} runs, live`).waitFor();
  }
  const inUse = await memoryOf(program.pid);
  process.stderr.write(`the console's server takes ${atFirst} MiB at first, ${inUse} MiB in use\n`);
  assert.ok(Math.max(atFirst, inUse) < MAX_MIB, `${atFirst} MiB at first, ${inUse} MiB in use`);
  assert.deepEqual(faults, []);
});

function kubeconfigOf(server: string, ca: string): object {
  const authority = Buffer.from(ca).toString("base64");
  return {
    clusters: [{ name: "test", cluster: { server, "certificate-authority-data": authority } }],
    users: [{ name: "test", user: { token: "token" } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  };
}

/** What the program holds in memory, in MiB, the pages of node's own file among it. */
async function memoryOf(pid: number): Promise<number> {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kib) / 1024);
}
