import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderPatch, renderPhase, renderResult, renderActivity } from "./run-text.ts";

const paint = (_style: string, text: string): string => text;

describe("what is shown of a run", () => {
  it("is one line for a phase", () => {
    const run = {
      metadata: {},
      spec: { prompt: "p" },
      status: { phase: "Initializing", reason: "Cloning" },
    } as const;
    assert.equal(renderPhase(run, paint), "Initializing Cloning");
    assert.equal(renderPhase({ metadata: {}, spec: { prompt: "p" } }, paint), "Pending");
  });

  it("is what the result holds, and nothing that it does not", () => {
    const run = {
      metadata: {},
      spec: { prompt: "p" },
      status: {
        phase: "Succeeded",
        outcome: "Committed",
        result: {
          text: "Done.\nAll of it.",
          costUSD: "0.0123",
          tokens: { input: 10, output: 20, cacheRead: 30 },
          git: {
            branch: "main",
            headCommit: "abc",
            commits: 1,
            filesChanged: 2,
            insertions: 3,
            deletions: 4,
          },
        },
      },
    } as const;
    assert.deepEqual(renderResult(run, paint), [
      "",
      "said     Done.\n         All of it.",
      "outcome  Committed",
      "commit   abc on main",
      "changes  1 commit(s), 2 file(s), +3 -4",
      "tokens   10 in, 20 out, 30 from cache",
      "cost     $0.0123 as the agent reports it",
    ]);
    assert.deepEqual(renderResult({ ...run, status: { phase: "Failed" } }, paint), []);
  });

  it("cannot be steered by what an agent or a file says", () => {
    const escape = "\u001B]0;title\u0007\u001B[2Jx\u009B1m";
    assert.equal(renderActivity({ kind: "text", text: escape }, paint), "        “ x");
    assert.deepEqual(renderPatch(`+${escape}`, paint), ["", "+x"]);
  });

  it("marks a model that does not answer", () => {
    const text = "the model did not answer (529), attempt 1 of 10";
    assert.equal(renderActivity({ kind: "retry", text }, paint), `        ↻ ${text}`);
  });

  it("cuts a long patch and says so", () => {
    const lines = renderPatch("+a\n".repeat(500), paint);
    assert.equal(lines.length, 202);
    assert.equal(lines.at(-1), "… 300 more lines");
  });
});
