import assert from "node:assert/strict";
import { test } from "node:test";
import { WatchPosition } from "./watch-position.ts";

/** A watch that has listed everything at 10. */
function listedAt10(): WatchPosition {
  const position = new WatchPosition();
  position.beginList();
  position.takeUpsert("a", "7");
  assert.deepEqual(position.endList("10", ["a"]), []);
  return position;
}

test("an own write is news until the watch has passed it", () => {
  const position = listedAt10();
  assert.equal(position.takePut("a", "11"), true);
  assert.equal(position.takeUpsert("a", "11"), true);
  assert.equal(position.takePut("a", "11"), false);
});

test("a watch that is behind does not overwrite an own write", () => {
  const position = listedAt10();
  position.takePut("a", "15");
  assert.equal(position.takeUpsert("a", "12"), false);
  assert.equal(position.takeUpsert("b", "13"), true);
  assert.equal(position.takeUpsert("a", "16"), true);
});

test("an own write that answers after the watch told of the deletion does not bring the object back", () => {
  const position = listedAt10();
  assert.equal(position.takeDelete("a", "14"), true);
  assert.equal(position.takePut("a", "12"), false);
});

test("the deletion of a predecessor does not remove the object that we made under the same name", () => {
  const position = listedAt10();
  position.takePut("a", "15");
  assert.equal(position.takeDelete("a", "12"), false);
  assert.equal(position.takeDelete("a", "17"), true);
});

test("of two own writes the newer stands, whichever answers last", () => {
  const position = listedAt10();
  assert.equal(position.takePut("a", "100"), true);
  assert.equal(position.takePut("a", "99"), false);
});

test("a list removes what it does not name, except own writes that are newer than the list", () => {
  const position = listedAt10();
  position.takePut("new", "30");
  position.takePut("gone", "12");
  position.beginList();
  position.takeUpsert("kept", "11");
  assert.deepEqual(position.endList("20", ["a", "kept", "new", "gone"]).sort(), ["a", "gone"]);
  assert.deepEqual(position.takeBookmark("29"), []);
});

test("an own write that never enters the watch's selection goes when the watch has passed it", () => {
  const position = listedAt10();
  position.takePut("elsewhere", "12");
  assert.deepEqual(position.takeBookmark("11"), []);
  assert.deepEqual(position.takeBookmark("12"), ["elsewhere"]);
  assert.deepEqual(position.takeBookmark("13"), []);
});

test("an object that cannot be read is not taken for gone", () => {
  const position = listedAt10();
  position.beginList();
  position.takeUnreadable("a");
  assert.deepEqual(position.endList("20", ["a"]), []);
});
