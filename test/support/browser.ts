import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { requireTool } from "./debian.ts";
import { runOk } from "./run.ts";

const STEP_MS = 20_000;

/** Debian's browser without a window; ends with `stack`. Rejects with the line that installs it if it is missing. */
export async function startBrowser(stack: AsyncDisposableStack): Promise<Browser> {
  await requireTool("chromium", "chromium");
  const executablePath = (await runOk("sh", ["-c", "command -v chromium"])).trim();
  // Its own sandbox needs privileges that containers do not have; it opens nothing but the console.
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  stack.defer(() => browser.close());
  return browser;
}

/** A page, and what went wrong in it: errors, violations of its policy, dialogs, requests to elsewhere. */
export interface WatchedPage {
  page: Page;
  faults: string[];
}

/** A new page that keeps account of what should never happen in it. */
export async function openPage(context: BrowserContext, origin: string): Promise<WatchedPage> {
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MS);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => faults.push(`popup: ${popup.url()}`));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) faults.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("blob:"))
      faults.push(`request: ${request.url()}`);
  });
  return { page, faults };
}

/** What axe finds wrong on the page as it is, by the rules of WCAG 2.2 AA and axe's own best practices. */
export async function violationsOn(page: Page): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // By the debugger, which no policy of the page forbids.
  await page.evaluate(axe);
  const found = await page.evaluate(
    "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  const { violations } = found as {
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}

/** What axe finds in dark and in light; `look` is called in each. */
export async function violationsInBothThemes(
  page: Page,
  look: (theme: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await look(colorScheme);
    found.push(...(await violationsOn(page)).map((each) => `${colorScheme}: ${each}`));
  }
  return found;
}

/** Elements that a text made, attributes that run, links to anything but pages. The console's own charts are none. */
export async function harmOn(page: Page): Promise<string[]> {
  const made = await page.evaluate(`[
    ...document.querySelectorAll("#app :is(script, style, img, svg:not(.chart), math, iframe, object, embed, video, meta, base, link)"),
    ...[...document.querySelectorAll("#app *")].filter((each) =>
      [...each.attributes].some(({ name }) => name.startsWith("on"))),
    ...[...document.querySelectorAll("a")].filter(({ href }) => !/^(https?|blob):/.test(href)),
    ...document.querySelectorAll("a[target]:not([rel~=noopener])"),
  ].map((each) => each.outerHTML)`);
  return made as string[];
}
