import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isUrl } from "./repository.ts";

describe("isUrl", () => {
  for (const url of [
    "https://example.com/a.git",
    "ssh://git@example.com/a",
    "git@example.com:a/b.git",
    "file:///srv/a",
  ]) {
    it(`takes ${url} for a URL`, () => assert.equal(isUrl(url), true));
  }
  for (const path of [".", "../a", "/srv/a", "a/b", "C:/a"]) {
    it(`takes ${path} for a path`, () => assert.equal(isUrl(path), false));
  }
});
