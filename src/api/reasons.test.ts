import assert from "node:assert/strict";
import { test } from "node:test";
import { WORKSPACE_PHASES } from "./agent-workspace.ts";
import { RUN_PHASES } from "./fields/run-status.ts";
import { type Reason, reasonFacts, REASONS } from "./reasons.ts";

const ENDS: readonly string[] = ["Succeeded", "Failed", "TimedOut"];
const table = (Object.keys(REASONS) as Reason[]).map((reason) => ({ reason, ...reasonFacts(reason) }));

test("every reason can stand in a condition, and says what it means", () => {
  for (const { reason, meaning, kinds } of table) {
    assert.match(reason, /^[A-Z][A-Za-z]+$/);
    assert.match(meaning, /^[A-Z].*\.$/, reason);
    assert.ok(kinds.length > 0, reason);
  }
});

test("every reason explains phases that its kinds have", () => {
  for (const { reason, kinds, phases } of table) {
    const known: string[] = [
      ...(kinds.includes("AgentRun") ? RUN_PHASES : []),
      ...(kinds.includes("AgentWorkspace") ? WORKSPACE_PHASES : []),
    ];
    const others = phases.filter((phase) => !known.includes(phase));
    assert.deepEqual(known.length > 0 ? others : [], [], reason);
  }
});

test("a reason is final exactly where its phases are", () => {
  for (const { reason, phases, terminal } of table) {
    for (const phase of phases) assert.equal(ENDS.includes(phase), terminal, reason);
  }
});

test("a reason for a run that has gone wrong says what to do", () => {
  for (const { reason, phases, remedy } of table) {
    if (phases.some((phase) => ["Failed", "TimedOut"].includes(phase))) {
      assert.match(remedy, /^[A-Z].*\.$/, reason);
    }
  }
});
