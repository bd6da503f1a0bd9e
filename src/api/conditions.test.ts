import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "../kube/objects.ts";
import { dropConditions, findCondition, isTrue, setConditions } from "./conditions.ts";

const EARLIER = "2026-01-01T00:00:00Z";
const NOW = "2026-01-02T00:00:00Z";

function condition(type: string, status: Condition["status"], reason = "Because"): Condition {
  return { type, status, reason, message: "", lastTransitionTime: EARLIER };
}

test("a condition whose status stays keeps the time of its last transition", () => {
  const [ready] = setConditions(
    [condition("Ready", "False", "SecretNotFound")],
    [{ type: "Ready", status: "False", reason: "KeyNotFound", message: "no key" }],
    NOW,
  );
  assert.deepEqual(ready, {
    type: "Ready",
    status: "False",
    reason: "KeyNotFound",
    message: "no key",
    lastTransitionTime: EARLIER,
  });
});

test("a condition whose status changes gets the present time", () => {
  const desired = { type: "Ready", status: "True", reason: "Ready", message: "" } as const;
  const [ready] = setConditions([condition("Ready", "False")], [desired], NOW);
  assert.equal(ready?.lastTransitionTime, NOW);
});

test("old conditions keep their order, new ones come behind, undesired ones stay", () => {
  const current = [condition("B", "True"), condition("A", "True")];
  const desired = [
    { type: "C", status: "True", reason: "New", message: "" },
    { type: "A", status: "False", reason: "Changed", message: "" },
  ] as const;
  const types = setConditions(current, desired, NOW).map(({ type }) => type);
  assert.deepEqual(types, ["B", "A", "C"]);
});

test("of several conditions of one type the first remains", () => {
  const doubled = [condition("Ready", "True", "First"), condition("Ready", "False", "Second")];
  assert.deepEqual(setConditions(doubled, [], NOW), [doubled[0]]);
});

test("conditions are found, judged and dropped by type", () => {
  const conditions = [condition("Ready", "True"), condition("Resolved", "Unknown")];
  assert.equal(findCondition(conditions, "Resolved")?.status, "Unknown");
  assert.equal(isTrue(conditions, "Ready"), true);
  assert.equal(isTrue(conditions, "Resolved"), false);
  assert.equal(isTrue(undefined, "Ready"), false);
  assert.deepEqual(dropConditions(conditions, ["Ready"]), [conditions[1]]);
});
