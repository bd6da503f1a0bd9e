import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomeOf } from "../agent-run/change.ts";
import { parseGitReport, parseInvalidImage, parseRepositoryReports } from "./git-report.ts";

const OUTCOME =
  '{"type":"agent-operator","exitCode":0,"git":{"branch":"main","baseCommit":"","headCommit":"abc",' +
  '"commits":1,"filesChanged":2,"insertions":3,"deletions":0,"uncommittedChanges":false}}\n';

test("the entrypoint's line is read, unknown facts stay absent", () => {
  assert.deepEqual(parseGitReport(OUTCOME), {
    branch: "main",
    headCommit: "abc",
    commits: 1,
    filesChanged: 2,
    insertions: 3,
    deletions: 0,
    uncommittedChanges: false,
  });
});

test("branches and what is left out are read; what is absent or nonsense stays unknown", () => {
  const branch = { name: "fix", commit: "abc", commits: 2 };
  const line = (git: object): string => JSON.stringify({ type: "agent-operator", ok: true, git });
  assert.deepEqual(
    parseGitReport(
      line({ commits: 2, branches: [branch, { name: "x" }, 7], leftOut: ["sub/", 7], leftOutCount: 12 }),
    ),
    { commits: 2, branches: [branch], leftOut: ["sub/"], leftOutCount: 12 },
  );
  const nonsense = { commits: -1, filesChanged: "2", uncommittedChanges: "no", branches: {}, leftOut: "x" };
  assert.deepEqual(parseGitReport(line(nonsense)), {});
  assert.equal(outcomeOf({}), undefined);
  assert.equal(outcomeOf({ commits: 0 }), undefined);
  assert.equal(outcomeOf({ commits: 0, uncommittedChanges: false }), "NoChanges");
});

test("anything else is no report", () => {
  for (const message of [
    "",
    "OOM",
    OUTCOME.slice(0, 80),
    '{"type":"agent-operator","exitCode":0}',
    "{}",
    "null",
  ]) {
    assert.equal(parseGitReport(message), undefined);
  }
});

test("an image that could not run the agent is told apart", () => {
  const message = '{"type":"agent-operator","reason":"InvalidImage","message":"no bash"}\n';
  assert.deepEqual(parseInvalidImage(message), { reason: "InvalidImage", message: "no bash" });
  assert.equal(parseGitReport(message), undefined);
  assert.equal(parseInvalidImage(OUTCOME), undefined);
});

test("what changed in additional repositories is read as far as it is of them", () => {
  const message = (told: unknown): string =>
    JSON.stringify({ type: "agent-operator", exitCode: 0, repositories: told });
  const read = (told: unknown) => parseRepositoryReports(message(told), ["docs", "lib"]);
  assert.deepEqual(read([["docs", 1, 2, 3, 0], ["lib"]]), [
    { name: "docs", filesChanged: 1, insertions: 2, deletions: 3 },
    { name: "lib" },
  ]);
  assert.deepEqual(read([["docs", 1, 2, 3, 4]])?.[0]?.leftOutCount, 4);
  for (const nonsense of [undefined, {}, [], ["docs"], [["other", 1, 2, 3, 0]], [[{}, 1]]])
    assert.equal(read(nonsense), undefined);
  assert.deepEqual(read([["docs", -1, "2", 1.5, {}]]), [{ name: "docs" }]);
  assert.equal(read(Array.from({ length: 9 }, () => ["docs", 1, 1, 1, 0]))?.length, 2);
});
