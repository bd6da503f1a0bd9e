import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../api/agent-run.ts";
import type { ContainerStatus, Job, Pod } from "../kube/builtin.ts";
import { containersOf, whyNoJob, whyNoPod } from "./web/containers.ts";
import { colouredLines, pairsOf, plainLines } from "./web/diff-lines.ts";
import { editsOf } from "./web/edits.ts";
import { treeOf } from "./web/file-tree.ts";
import { filterEntries } from "./web/palette-entries.ts";
import { DEFAULT_NAMESPACE, hashOf, readPlace, VIEWS } from "./web/address.ts";
import { originsOf } from "./web/origins.ts";
import { readPatch } from "./web/patch.ts";
import { figuresBy, overviewOf } from "./web/figures.ts";
import { filterRows, rowOf, shortDuration } from "./web/rows.ts";

describe("readPatch", () => {
  it("reads files, hunks and numbers, also of lines that look like headers", () => {
    const files = readPatch(
      [
        "diff --git a/a.txt b/a.txt",
        "index 1..2 100644",
        "--- a/a.txt",
        "+++ b/a.txt",
        "@@ -3,2 +3,3 @@ context",
        " same",
        "--- a/removed line",
        "+diff --git a/x b/x",
        "+@@ -1 +1 @@",
        "diff --git a/new b/new",
        "new file mode 100644",
        "@@ -0,0 +1 @@",
        "+one",
        "\\ No newline at end of file",
        "",
      ].join("\n"),
    );
    assert.deepEqual(
      files.map(({ path, added, removed }) => [path, added, removed]),
      [
        ["a.txt", 2, 1],
        ["new", 1, 0],
      ],
    );
    assert.deepEqual(files[0]?.lines.slice(1, 4), [
      { kind: "same", text: "same", before: 3, after: 3 },
      { kind: "removed", text: "-- a/removed line", before: 4 },
      { kind: "added", text: "diff --git a/x b/x", after: 4 },
    ]);
    assert.deepEqual(files[1]?.lines.at(-1), { kind: "note", text: "\\ No newline at end of file" });
  });

  for (const text of [
    "",
    "no patch",
    "@@ -1 +1 @@\n+x",
    "diff --git",
    "diff --git a/x b/x\n@@ -9999999999999 +1 @@",
  ])
    it(`bears ${JSON.stringify(text)}`, () => assert.ok(Array.isArray(readPatch(text))));
});

describe("the address", () => {
  it("holds the place", () => {
    const filter = { text: "a&b #?", phase: "Failed", agent: "claude", provider: "", label: "team=a,!old" };
    for (const namespace of ["team", "", DEFAULT_NAMESPACE]) {
      const place = { page: "runs", namespace, filter } as const;
      assert.deepEqual(readPlace(hashOf(place)), place);
    }
    for (const page of VIEWS)
      assert.deepEqual(readPlace(hashOf({ page, namespace: "team" })), { page, namespace: "team" });
    const run = { page: "run", namespace: "team", name: "fix" } as const;
    assert.deepEqual(readPlace(hashOf(run)), run);
  });
  for (const hash of ["", "#", "#/runs/x", "#/%E0%A4%A/y", "#javascript:alert(1)"])
    it(`shows the table for ${hash}`, () => assert.equal(readPlace(hash).page, "runs"));
});

describe("filterRows", () => {
  const run = (name: string, seconds: number, status: object): AgentRun => ({
    metadata: { name, namespace: "team", creationTimestamp: `2026-01-01T00:00:0${seconds}Z` },
    spec: { prompt: `Do ${name}` },
    status: { phase: "Pending", observedGeneration: 1, ...status },
  });
  const rows = [
    rowOf(run("a", 1, { phase: "Failed", agent: "claude", reason: "OutOfMemory" })),
    rowOf(run("b", 2, { agent: "codex", message: "waits\u202Efor\nthis" })),
  ];
  const all = { text: "", phase: "", agent: "", provider: "", label: "" };
  const names = (filter: Partial<typeof all>): string[] =>
    filterRows(rows, { ...all, ...filter }).map(({ name }) => name);

  it("shows the newest first", () => assert.deepEqual(names({}), ["b", "a"]));
  it("finds every word, in any case", () => assert.deepEqual(names({ text: "outof DO" }), ["a"]));
  it("finds a phase and an agent", () =>
    assert.deepEqual(names({ phase: "Pending", agent: "codex" }), ["b"]));
  it("finds labels as selectors do", () => {
    const labelled = [
      rowOf({ ...run("x", 1, {}), metadata: { name: "x", labels: { team: "a", old: "" } } }),
      rowOf({ ...run("y", 1, {}), metadata: { name: "y", labels: { team: "b" } } }),
      rowOf({ ...run("z", 1, {}), metadata: { name: "z" } }),
    ];
    for (const [label, found] of [
      ["", "xyz"],
      ["team=a", "x"],
      ["team==a", "x"],
      ["team!=a", "yz"],
      ["team", "xy"],
      ["!team", "z"],
      ["team, !old", "y"],
      ["te", ""],
      ["=", ""],
      ["!", ""],
      ["(", ""],
    ] as const)
      assert.equal(
        filterRows(labelled, { ...all, label })
          .map(({ name }) => name)
          .join(""),
        found,
        label,
      );
  });
  it("shows what others wrote as one plain line", () =>
    assert.equal(rows[1]?.message, "waits\u{FFFD}for this"));
  it("says a duration shortly", () =>
    assert.deepEqual([59_000, 600_000, 7_200_000, 1e9].map(shortDuration), ["59s", "10m", "2h", "11d"]));
});

describe("overviewOf", () => {
  const NOW = Date.parse("2026-03-10T12:00:00Z");
  const run = (name: string, hoursAgo: number, status: object): AgentRun => ({
    metadata: {
      name,
      namespace: "team",
      creationTimestamp: new Date(NOW - hoursAgo * 3_600_000).toISOString(),
    },
    spec: { prompt: "Do it" },
    status: { phase: "Pending", observedGeneration: 1, ...status },
  });
  const ended = (phase: string, hoursAgo: number, more: object = {}): object => ({
    phase,
    startTime: new Date(NOW - (hoursAgo + 1) * 3_600_000).toISOString(),
    completionTime: new Date(NOW - hoursAgo * 3_600_000).toISOString(),
    ...more,
  });
  const rows = [
    run("a", 0, { phase: "Running", agent: "claude" }),
    run("b", 0, { reason: "Queued" }),
    run("c", 0, { reason: "Queued" }),
    run("d", 0, { reason: "SecretNotFound" }),
    run("e", 3, ended("Failed", 2, { reason: "OutOfMemory", agent: "claude", usage: { costUSD: "0.5" } })),
    run("f", 30, ended("TimedOut", 26, { reason: "DeadlineExceeded", agent: "codex" })),
    run(
      "g",
      30,
      ended("Succeeded", 29, { agent: "claude", usage: { costUSD: "1", tokens: { input: 5, output: 2 } } }),
    ),
    run("h", 24 * 40, ended("Succeeded", 24 * 40, { agent: "claude", result: { costUSD: "not a number" } })),
  ].map(rowOf);
  const said = overviewOf(rows, NOW);
  const names = (reasons: typeof said.waiting): string[] =>
    reasons.map(({ reason, rows: each }) => `${reason} ${each.map(({ name }) => name).join()}`);

  it("parts what works, what waits and what has failed in the last day", () => {
    assert.deepEqual(
      said.atWork.map(({ name }) => name),
      ["a"],
    );
    assert.deepEqual(names(said.waiting), ["Queued b,c", "SecretNotFound d"]);
    assert.deepEqual(names(said.failed), ["OutOfMemory e"]);
  });
  it("counts fourteen days, today among them", () => {
    assert.equal(said.days.length, 14);
    assert.equal(
      said.days.reduce((sum, { runs }) => sum + runs, 0),
      7,
    );
    assert.equal(said.days.at(-1)?.cost, 0.5);
  });
  it("sums up by agent, of what has ended", () => {
    const [claude, codex] = figuresBy(rows, "agent");
    assert.deepEqual(claude, {
      name: "claude",
      runs: 4,
      succeeded: 2,
      failed: 1,
      success: 2 / 3,
      duration: 3_600_000,
      tokens: 7,
      cost: 1.5,
    });
    assert.deepEqual([codex?.name, codex?.success], ["codex", 0]);
  });
});

describe("a change", () => {
  const lines = (...texts: string[]) =>
    readPatch(["diff --git a/x b/x", `@@ -1,${texts.length} +1,${texts.length} @@`, ...texts].join("\n"))[0]
      ?.lines ?? [];

  it("has what was removed beside what came in its place", () => {
    const pairs = pairsOf(plainLines(lines(" a", "-b", "-c", "+d", " e", "+f")));
    assert.deepEqual(pairs.map(({ left, right }) => [left?.text, right?.text]).slice(1), [
      ["a", "a"],
      ["b", "d"],
      ["c", undefined],
      ["e", "e"],
      [undefined, "f"],
    ]);
  });
  it("has each side read by itself, and no line more or less for it", () => {
    const plain = plainLines(lines(" a", "-const x = 1;", "+const y = `a${b}`;\r", " let z\u2028;"));
    const read: string[] = [];
    const coloured = colouredLines(plain, (text) => {
      read.push(text);
      return text.split("\n").map((line) => [{ text: line, kind: "hljs-keyword" }]);
    });
    assert.deepEqual(read.filter(Boolean), [
      "a\nconst x = 1;\nlet z\u{fffd};",
      "a\nconst y = `a${b}`;\nlet z\u{fffd};",
    ]);
    for (const { text, kind, tokens } of coloured)
      assert.equal(tokens?.map((token) => token.text).join(""), kind === "hunk" ? undefined : text);
  });
  for (const text of ["a".repeat(3000), "xyz\n".repeat(40_000)])
    it("gets no colours if it is too much", () => {
      const plain = plainLines(lines(...text.split("\n").map((line) => `+${line}`)));
      assert.equal(
        colouredLines(plain, () => assert.fail("was read")),
        plain,
      );
    });
  it("is a tree of files, in which folders with one folder are one", () => {
    const tree = treeOf(["README.md", "src/a/b/one.ts", "src/a/b/two.ts", `${"d/".repeat(500)}x`, ""]);
    assert.deepEqual(
      tree
        .slice(0, 2)
        .map(({ name, index, children }) => [name, index, children.map((child) => child.index)]),
      [
        ["README.md", 0, []],
        ["src/a/b", undefined, [1, 2]],
      ],
    );
    assert.equal(tree.length, 4);
  });
});

describe("editsOf", () => {
  for (const [what, input] of [
    ["claude's Edit", { file_path: "/w/a.ts", old_string: "a\nb", new_string: "a\nc" }],
    ["opencode's edit", { filePath: "/w/a.ts", oldString: "a\nb", newString: "a\nc" }],
    ["several edits", { file_path: "/w/a.ts", edits: [{ old_string: "a\nb", new_string: "a\nc" }] }],
  ] as const)
    it(`reads ${what}`, () => {
      const [edit] = editsOf(input);
      assert.deepEqual(
        edit?.lines.map(({ kind, text }) => `${kind} ${text}`),
        ["same a", "removed b", "added c"],
      );
      assert.equal(edit?.path, "/w/a.ts");
    });
  it("reads a file that is written", () =>
    assert.deepEqual(
      editsOf({ path: "a", content: "x\n" })[0]?.lines.map(({ kind, text }) => `${kind} ${text}`),
      ["added x"],
    ));
  it("is quick with what is too much to compare", () => {
    const [before, after] = ["a", "b"].map((letter) =>
      Array.from({ length: 15_000 }, (_, index) => (index % 2 ? letter : index % 7)).join("\n"),
    );
    const startedAt = performance.now();
    editsOf({ path: "a", old_string: before, new_string: after });
    assert.ok(performance.now() - startedAt < 5000);
  });
  for (const input of [{}, { path: 1 }, { path: "a", content: null }, { path: "a", edits: [null, 1, {}] }])
    it(`finds none in ${JSON.stringify(input)}`, () => assert.deepEqual(editsOf(input), []));
});

describe("containersOf", () => {
  const status = (name: string, state: ContainerStatus["state"]): ContainerStatus => ({
    name,
    ...(state && { state }),
    ready: false,
    restartCount: 0,
    image: "i",
    imageID: "",
  });
  it("has them in the order in which they start, with why they wait or what they came to", () => {
    const times = { startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:00:12Z" };
    const pod: Pod = {
      metadata: { name: "p" },
      spec: {
        initContainers: [{ name: "git-clone" }, { name: "setup" }],
        containers: [{ name: "agent" }, { name: "later" }],
      } as Pod["spec"],
      status: {
        containerStatuses: [
          status("agent", { waiting: { reason: "ImagePullBackOff", message: "no such image" } }),
        ],
        initContainerStatuses: [
          status("git-clone", { terminated: { exitCode: 0, ...times } }),
          status("setup", { terminated: { exitCode: 137, reason: "OOMKilled", ...times } }),
        ],
      },
    };
    assert.deepEqual(
      containersOf(pod).map(({ name, mark, state, hasStarted }) => [name, mark, state, hasStarted]),
      [
        ["git-clone", "done", "ended, after 12s", true],
        ["setup", "failed", "exit code 137, OOMKilled, after 12s", true],
        ["agent", "waits", "ImagePullBackOff: no such image", false],
        ["later", "waits", "has not started", false],
      ],
    );
  });
});

describe("whyNoJob", () => {
  const startTime = "2026-01-01T00:00:00Z";
  for (const [status, said] of [
    [undefined, /no Job yet: the operator has not seen it/],
    [{ phase: "Pending", reason: "Queued" }, /no Job yet: it waits \(Queued\)/],
    [{ phase: "Running", startTime }, /no Job at the moment/],
    [{ phase: "Failed", reason: "DependencyFailed" }, /ended before it had a Job/],
    [{ phase: "Succeeded", startTime }, /are gone/],
  ] as const)
    it(`says it of a run with ${JSON.stringify(status)}`, () => {
      const run: AgentRun = { metadata: { name: "x" }, spec: { prompt: "p" } };
      assert.match(
        whyNoJob({ ...run, ...(status && { status: { observedGeneration: 1, ...status } }) }),
        said,
      );
    });
  for (const [spec, conditions, said] of [
    [{ suspend: true }, [], /suspended/],
    [{}, [], /no pod at the moment/],
    [{}, [{ type: "Complete", status: "True" }], /is gone/],
  ] as const)
    it(`says of a Job without a pod that it ${said.source}`, () =>
      assert.match(whyNoPod({ metadata: {}, spec, status: { conditions } } as unknown as Job), said));
});

describe("the palette", () => {
  it("finds every word, and first what begins with them", () => {
    const entries = ["New run", "run-new", "Runs"].map((name) => ({ name, what: "page" }));
    const found = (text: string): string[] => filterEntries(entries, text).map(({ name }) => name);
    assert.deepEqual(found("run"), ["run-new", "Runs", "New run"]);
    assert.deepEqual(found("run NEW"), ["New run", "run-new"]);
    assert.deepEqual(found("(.*"), []);
  });
});

describe("originsOf", () => {
  const near = { name: "default", namespace: "team" };
  const configs = [
    { metadata: near, spec: { defaultTimeout: "2h", defaultProviders: { claude: "p" }, defaultModel: "m" } },
    { metadata: { ...near, namespace: "other" }, spec: { defaultTimeout: "9h" } },
  ];
  const environment = { ANTHROPIC_BASE_URL: "https://llm.example.com", OTHER_TOKEN: "hush" };
  const providers = [{ metadata: { ...near, name: "p" }, spec: { environment } }];
  const run: AgentRun = {
    metadata: { ...near, name: "fix" },
    spec: { prompt: "Do it", repository: { url: "https://git.example.com/a.git" } },
  };
  const found = (given: AgentRun, nearby = { configs, providers, workspaces: [] }): unknown => {
    const said = originsOf(given, nearby);
    if ("obstacle" in said) return said.obstacle;
    return Object.fromEntries(said.values.map(({ field, value, from }) => [field, `${value} (${from})`]));
  };

  it("says what a run would start with now, and shows no secret", () => {
    const values = found(run) as Record<string, string>;
    assert.equal(values["timeout"], "7200s (AgentConfig default)");
    assert.equal(values["model"], "m (AgentConfig default)");
    assert.equal(values["image"], "as the operator is set (operator)");
    assert.equal(values["env.ANTHROPIC_BASE_URL"], "https://llm.example.com (AgentProvider p)");
    assert.equal(values["env.OTHER_TOKEN"], "*** (AgentProvider p)");
    assert.equal(values["gitResources"], undefined);
  });
  it("says what the run started with if something else is set since", () => {
    const status = { phase: "Running", observedGeneration: 1, model: "old", image: "agent:1" } as const;
    const values = found({ ...run, status }) as Record<string, string>;
    assert.equal(values["model"], "old (the run's status)");
    assert.equal(values["image"], "agent:1 (operator)");
  });
  it("says why it cannot be said", () =>
    assert.match(String(found(run, { configs, providers: [], workspaces: [] })), /AgentProvider p/));
  it("has nothing to say of a run without an agent", () =>
    assert.deepEqual(
      found({ ...run, spec: { continueFrom: { run: "a" }, verify: { command: ["make"] } } }),
      {},
    ));
});
