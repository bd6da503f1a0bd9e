import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "../src/api/reasons.ts";
import { readProjectFiles } from "./support/project-files.ts";

test("every reason of the table is written somewhere", () => {
  const code = readProjectFiles(["src"], ".ts")
    .filter(({ path }) => !/[.]test[.]ts$|^src\/api\/reasons[.]ts$|[.]generated[.]ts$/.test(path))
    .map(({ text }) => text)
    .join("\n");
  const unused = Object.keys(REASONS).filter((reason) => !new RegExp(`["'\`]${reason}["'\`]`).test(code));
  assert.deepEqual(unused, []);
});
