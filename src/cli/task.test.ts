import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun } from "../api/agent-run.ts";
import { parseOptions } from "./command.ts";
import { byPrefix } from "./find-run.ts";
import { runOptions, type RunValues } from "./run-options.ts";
import { buildRun, nameForTask } from "./task.ts";

const names: [task: string, name: string][] = [
  ["Fix the failing test", "fix-failing-test-x"],
  ["  Please: fix `parser.ts` (line 12) and everything else that is broken", "fix-parser-ts-line-12-x"],
  ["修复", "run-x"],
  ["", "run-x"],
  ["a".repeat(100), `${"a".repeat(40)}-x`],
  ["../../etc/passwd; rm -rf", "etc-passwd-rm-rf-x"],
];

describe("nameForTask", () => {
  for (const [task, name] of names)
    it(`makes ${name} of ${task.slice(0, 30)}`, () => assert.equal(nameForTask(task, "x"), name));
});

describe("byPrefix", () => {
  const runs = ["fix-a", "fix-b", "write"].map((name) => ({ metadata: { name }, spec: {} }) as AgentRun);
  it("finds the one", () => assert.equal(byPrefix("w", runs, "ns").metadata.name, "write"));
  const wrong: [string, RegExp][] = [
    ["fix", /fix is the beginning of 2 runs: fix-a, fix-b/],
    ["wrte", /no run wrte in namespace ns \(did you mean write\?\)/],
    ["other", /no run other in namespace ns; there are fix-a, fix-b, write/],
  ];
  for (const [word, message] of wrong)
    it(`says what there is for ${word}`, () => assert.throws(() => byPrefix(word, runs, "ns"), message));
});

describe("buildRun", () => {
  const manifest = {
    metadata: { name: "base", namespace: "theirs", labels: { team: "a" } },
    spec: {
      agent: "codex",
      prompt: "old",
      env: [
        { name: "A", value: "1" },
        { name: "B", value: "2" },
      ],
      maxTurns: 3,
    },
  } as AgentRun;
  const built = (argv: string[], task?: string): AgentRun =>
    buildRun(parseOptions(runOptions, argv) as RunValues, {
      task,
      source: { repository: { url: "https://example.com/r.git" } },
      name: "n",
      namespace: "ns",
      manifest,
    });

  it("keeps what the manifest says and no option does", () => {
    const { metadata, spec } = built([]);
    assert.deepEqual(metadata, { name: "n", namespace: "ns", labels: { team: "a" } });
    assert.equal(spec.prompt, "old");
    assert.equal(spec.maxTurns, 3);
    assert.equal(spec.agent, "codex");
  });

  it("lets options win", () => {
    const { spec } = built(["--agent", "claude", "--env", "B=x=y", "--env", "C=", "--timeout", "5m"], "new");
    assert.equal(spec.prompt, "new");
    assert.equal(spec.agent, "claude");
    assert.equal(spec.timeout, "5m");
    assert.deepEqual(spec.env, [
      { name: "A", value: "1" },
      { name: "B", value: "x=y" },
      { name: "C", value: "" },
    ]);
  });
});
