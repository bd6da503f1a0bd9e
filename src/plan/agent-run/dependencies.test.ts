import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { buildRunInputs } from "../specs/run-inputs.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { dependencyObstacle, endedDependencies, findCycle } from "./dependencies.ts";

type When = "Succeeded" | "Finished";

function aRun(name: string, needs: Readonly<Record<string, When>> = {}, status?: AgentRunStatus): AgentRun {
  const dependsOn = Object.entries(needs).map(([run, when]) => ({ run, when }));
  const spec = { prompt: "Do it", ...(dependsOn.length > 0 && { dependsOn }) };
  return { metadata: { name, namespace: "team", uid: `${name}-uid` }, spec, ...(status && { status }) };
}

/** Runs until nothing changes any more, each planned as the operator would; a run at work ends as `ends` says. */
function settle(all: AgentRun[], ends: Readonly<Record<string, AgentRunStatus["phase"]>> = {}): string[] {
  const byName = new Map(all.map((run) => [run.metadata.name ?? "", run]));
  const order: string[] = [];
  const step = (run: AgentRun): boolean => {
    const { name = "" } = run.metadata;
    if (run.status?.completionTime !== undefined) return false;
    const ended = endedDependencies(run, (each) => byName.get(each));
    const cycle = findCycle(run, (each) => byName.get(each));
    const obstacle = dependencyObstacle(run, ended, (each) => byName.get(each), cycle);
    if (obstacle?.kind === "waiting") return false;
    const phase = obstacle ? "Failed" : (ends[name] ?? "Succeeded");
    order.push(obstacle ? `${name} ${obstacle.reason}` : name);
    byName.set(name, { ...run, status: { phase, reason: obstacle?.reason ?? "x", completionTime: "t" } });
    return true;
  };
  while ([...byName.values()].map(step).some(Boolean));
  return order;
}

describe("runs that depend on others", () => {
  it("start in their order: a chain of 100, whatever order they were made in", () => {
    const names = Array.from({ length: 100 }, (_, index) => `run-${String(index).padStart(2, "0")}`);
    const chain = names.map((name, index) =>
      aRun(name, index === 0 ? {} : { [names[index - 1] ?? ""]: "Succeeded" }),
    );
    assert.deepEqual(settle(chain.toReversed()), names);
  });

  it("start once both sides of a diamond have ended", () => {
    const diamond = [
      aRun("end", { left: "Succeeded", right: "Succeeded" }),
      aRun("right", { begin: "Succeeded" }),
      aRun("left", { begin: "Succeeded" }),
      aRun("begin"),
    ];
    assert.deepEqual(settle(diamond), ["begin", "right", "left", "end"]);
  });

  it("fail with the one that they need to succeed, and start after one that only has to end", () => {
    const runs = [
      aRun("a"),
      aRun("b", { a: "Succeeded" }),
      aRun("c", { b: "Succeeded" }),
      aRun("d", { a: "Finished" }),
    ];
    assert.deepEqual(settle(runs, { a: "TimedOut" }), ["a", "b DependencyFailed", "c DependencyFailed", "d"]);
  });

  it("all fail in a cycle, and what only hangs on it with them", () => {
    for (const when of ["Succeeded", "Finished"] as const) {
      const runs = [
        aRun("a", { c: when }),
        aRun("b", { a: when }),
        aRun("c", { b: when }),
        aRun("d", { c: "Succeeded" }),
      ];
      assert.deepEqual(settle(runs), [
        "a DependencyCycle",
        "b DependencyCycle",
        "c DependencyCycle",
        "d DependencyFailed",
      ]);
    }
    const [a, b] = [aRun("a", { b: "Succeeded" }), aRun("b", { a: "Succeeded" })];
    const runs = (name: string) => [a, b].find((run) => run.metadata.name === name);
    assert.match(dependencyObstacle(a, [], runs, findCycle(a, runs))?.message ?? "", /itself: a -> b -> a;/);
  });

  it("wait for what does not exist yet, and keep what they have seen of what is gone", () => {
    const run = aRun("b", { a: "Succeeded", z: "Finished" });
    const waiting = dependencyObstacle(run, [], () => undefined, undefined);
    assert.equal(waiting?.reason, "WaitingForDependency");
    assert.match(waiting.message, /AgentRuns a \(does not exist yet\), z \(does not exist yet\)$/);
    const result = { text: "The plan", git: { headCommit: "abc" } };
    const a = aRun(
      "a",
      {},
      { phase: "Succeeded", reason: "Completed", outcome: "Committed", branch: "p", result },
    );
    const [seen] = endedDependencies(run, (name) => (name === "a" ? a : undefined));
    assert.ok(seen);
    const later: AgentRun = { ...run, status: { phase: "Pending", dependencies: [seen] } };
    assert.deepEqual(
      endedDependencies(later, () => undefined),
      [seen],
    );
    assert.deepEqual(
      [seen.phase, seen.branch, seen.headCommit, seen.text],
      ["Succeeded", "p", "abc", "The plan"],
    );
  });
});

describe("buildRunInputs", () => {
  const resolved = { name: "b", namespace: "team", uid: "b-uid", agent: "claude" } as ResolvedRun;
  const inputs = (run: AgentRun, now: AgentRun | undefined): Record<string, unknown> => {
    const ended = endedDependencies(aRun("b", { a: "Succeeded" }), () => run);
    const { data = {} } = buildRunInputs(resolved, ended, () => now);
    assert.deepEqual(Object.keys(data), ["a.json"]);
    assert.ok(Buffer.byteLength(data["a.json"] ?? "") <= 16 * 1024);
    return JSON.parse(data["a.json"] ?? "") as Record<string, unknown>;
  };

  it("gives all that a run has left, or what was seen of it if it is gone or another one has its name", () => {
    const result = { text: "Done", git: { branch: "p", commits: 2 } };
    const run = aRun("a", {}, { phase: "Succeeded", reason: "Completed", branch: "p", result });
    assert.deepEqual(inputs(run, run)["git"], result.git);
    const another = { ...run, metadata: { ...run.metadata, uid: "another" } };
    for (const now of [undefined, another]) {
      assert.deepEqual(inputs(run, now), {
        run: "a",
        phase: "Succeeded",
        reason: "Completed",
        branch: "p",
        text: "Done",
      });
    }
  });

  it("cuts a text that is too long, never within a character, and without what a terminal obeys", () => {
    const text = `\u001b[31m${"\u0001😀\n".repeat(3_000)}`;
    const run = aRun("a", {}, { phase: "Succeeded", result: { text } });
    const { text: cut, textTruncated } = inputs(run, run);
    assert.equal(textTruncated, true);
    assert.match(String(cut), /^(\u{fffd}|😀|\n)+$/u);
  });

  it("cuts why a run has failed too, if that is as long as a status can have it", () => {
    const message = "x".repeat(32_768);
    const run = aRun("a", {}, { phase: "Failed", message, result: { text: "Done" } });
    const { text, message: cut, textTruncated } = inputs(run, run);
    assert.deepEqual([text, textTruncated], ["Done", undefined]);
    assert.ok(String(cut).length > 10_000);
  });
});
