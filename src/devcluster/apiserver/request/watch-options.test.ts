import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWatchOptions } from "./watch-options.ts";

const parse = (query: Record<string, string>) => parseWatchOptions(new URLSearchParams(query), 10);
const initial = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };

describe("parseWatchOptions", () => {
  it("tells the present objects first where no version is named, or where that is asked for", () => {
    assert.equal(parse({}).from, undefined);
    assert.equal(parse({ resourceVersion: "0" }).from, undefined);
    assert.equal(parse({ ...initial, resourceVersion: "7" }).from, undefined);
  });

  it("tells changes only, after the version that is named, or from now on", () => {
    assert.equal(parse({ resourceVersion: "7" }).from, 7);
    assert.equal(parse({ ...initial, sendInitialEvents: "false" }).from, 10);
  });

  it("marks the end of the present objects for who understands bookmarks", () => {
    assert.equal(parse({ ...initial, allowWatchBookmarks: "true" }).marksInitialEnd, true);
    assert.equal(parse(initial).marksInitialEnd, false);
    assert.equal(parse({ allowWatchBookmarks: "true" }).marksInitialEnd, false);
  });

  it("refuses initial events without a match, and a version that has not come yet", () => {
    assert.throws(() => parse({ sendInitialEvents: "true" }), /requires setting resourceVersionMatch/);
    assert.throws(() => parse({ resourceVersion: "11" }), /Too large resource version/);
  });
});
