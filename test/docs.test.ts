import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { REASONS } from "../src/api/reasons.ts";
import { commands } from "../src/cli/commands.ts";
import {
  findBrokenLinks,
  findUnknownCommands,
  type Found,
  outsideLinks,
  shellLines,
} from "./support/documentation.ts";
import { projectRoot, readProjectFiles } from "./support/project-files.ts";

const TOP_LEVEL = [
  "README.md",
  "ARCHITECTURE.md",
  "AGENTS.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
];
/** Hosts that the documentation may lead to. */
const HOSTS = [
  "keepachangelog.com",
  "semver.org",
  "www.conventionalcommits.org",
  "github.com",
  "kubernetes.io",
  "opentelemetry.io",
  "kueue.sigs.k8s.io",
];

const pages = [
  ...TOP_LEVEL.map((path) => ({ path, text: readText(path) })),
  ...readProjectFiles(["docs", "skills", "charts"], ".md"),
];
const manifest = JSON.parse(readText("package.json")) as { scripts: Record<string, string>; version: string };
const program = { scripts: manifest.scripts, commands };

describe("the documentation", () => {
  it("has no link that leads nowhere", () => {
    const find = (path: string): Found =>
      existsSync(join(projectRoot, path)) ? (path.endsWith(".md") ? readText(path) : true) : undefined;
    assert.deepEqual(
      pages.flatMap((page) => findBrokenLinks(page, find)),
      [],
    );
  });

  it("leads only to hosts that are known to stay, by https", () => {
    const strangers = outsideLinks(pages).filter((link) => {
      const { protocol, hostname } = new URL(link);
      return protocol !== "https:" || !HOSTS.includes(hostname);
    });
    assert.deepEqual(strangers, []);
  });

  // In .github/workflows/links.yml alone: everywhere else tests use the loopback interface only.
  it(
    "leads to pages that answer",
    { skip: process.env["CI_LINKS"] !== "yes", timeout: 120_000 },
    async () => {
      const answers = await Promise.all(
        outsideLinks(pages).map(async (link) => {
          const response = await fetch(link, { method: "HEAD", signal: AbortSignal.timeout(30_000) });
          return { link, status: response.status };
        }),
      );
      assert.deepEqual(
        answers.filter(({ status }) => status === 404 || status === 410),
        [],
      );
    },
  );

  it("names only commands and options that exist", () => {
    assert.deepEqual(
      pages.flatMap((page) => findUnknownCommands(page, program)),
      [],
    );
  });

  it("shows the two commands of a new user in the README", () => {
    const lines = shellLines(readText("README.md"));
    for (const command of ["npm ci", "npm run demo", "npm test"]) assert.ok(lines.includes(command), command);
  });

  it("lists the reasons that the code has, no more and no fewer", () => {
    const documented = [
      ...readText("docs/reference/reasons.md").matchAll(/^(?:\||#+) *`?([A-Z][A-Za-z]+)`?\b/gm),
    ]
      .map((match) => match[1] ?? "")
      .filter((word) => word !== "Reason" && word !== "Reasons");
    assert.deepEqual([...new Set(documented)].toSorted(), Object.keys(REASONS).toSorted());
  });

  it("has a changelog for the version that is being made", () => {
    assert.match(readText("CHANGELOG.md"), /^## \[(?:Unreleased|\d+\.\d+\.\d+)\]/m);
  });
});

describe("findBrokenLinks", () => {
  const find = (path: string): Found =>
    path === "docs/guide/a.md" ? "# A\n\n## Every `b`, and c\n" : path === "docs/x.png" ? true : undefined;
  const links: [string, number][] = [
    ["[a](docs/guide/a.md)", 0],
    ["[a](docs/guide/a.md#every-b-and-c)", 0],
    ["[a](docs/guide/a.md#anything)", 1],
    ["![a](docs/x.png)", 0],
    ["[a](docs/x.png#part)", 1],
    ["[a](https://[)", 1],
    ["[a](docs/guide/b.md)", 1],
    ["[a](#here)\n\n# Here", 0],
    ["[a](#there)", 1],
    ["[a](https://example.com/x)", 0],
    ["```\n[a](nowhere.md)\n```\n", 0],
  ];
  for (const [text, count] of links) {
    it(`finds ${count} in ${JSON.stringify(text)}`, () => {
      assert.equal(findBrokenLinks({ path: "README.md", text }, find).length, count);
    });
  }

  it("reads links from the folder of their page", () => {
    assert.deepEqual(findBrokenLinks({ path: "docs/adr/x.md", text: "[a](../guide/a.md)" }, find), []);
  });
});

describe("findUnknownCommands", () => {
  const lines: [string, RegExp | undefined][] = [
    ["npm ci && npm test", undefined],
    ["npm run demo -- --agent opencode --keep", undefined],
    ["ANTHROPIC_API_KEY=… npm run demo -- --live", undefined],
    ["agent-operator operator --namespace a --namespace b  # two of them", undefined],
    ["kubectl get agentruns --frobnicate", undefined],
    ["npm run frob", /no script "frob"/],
    ["npm run demo -- --agents opencode", /unknown option --agents/],
    ["npm run demo -- --agent hal", /expected one of claude, opencode/],
    ["npm ci && npm run dev -- --prot 1", /unknown option --prot/],
    ["agent-operator operator --metrics-address :8080", /unknown option --metrics-address/],
    ["agent-operator serve", /no command "serve"/],
  ];
  for (const [line, message] of lines) {
    it(`${message ? "refuses" : "accepts"} ${line}`, () => {
      const found = findUnknownCommands({ path: "x.md", text: `\`\`\`sh\n${line}\n\`\`\`\n` }, program);
      if (message === undefined) assert.deepEqual(found, []);
      else assert.match(found.join("\n"), message);
    });
  }
});

function readText(path: string): string {
  return readFileSync(join(projectRoot, path), "utf8");
}
