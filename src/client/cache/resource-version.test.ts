import assert from "node:assert/strict";
import { test } from "node:test";
import { compareResourceVersions } from "./resource-version.ts";

test("resourceVersions compare as numbers of any length", () => {
  assert.ok(compareResourceVersions("9", "10") < 0);
  assert.ok(compareResourceVersions("10", "9") > 0);
  assert.ok(compareResourceVersions("18446744073709551617", "18446744073709551616") > 0);
  assert.equal(compareResourceVersions("42", "42"), 0);
});

test("of two that are no numbers, the first counts as newer unless they are equal", () => {
  assert.ok(compareResourceVersions("abc", "abd") > 0);
  assert.equal(compareResourceVersions("abc", "abc"), 0);
});
