import assert from "node:assert/strict";
import { test } from "node:test";
import { remapPath } from "./plain.ts";

const mounts = [
  { source: "/data/claim/repo", target: "/workspace", readOnly: false, isFile: false },
  { source: "/data/claim/wt", target: "/workspace-wt", readOnly: false, isFile: false },
  { source: "/data/deep", target: "/workspace/deep", readOnly: false, isFile: false },
];

const cases: [value: string, remapped: string][] = [
  ["/workspace", "/data/claim/repo"],
  ["/workspace/a", "/data/claim/repo/a"],
  ["/workspace/deep/a", "/data/deep/a"],
  ["/workspace-wt/run", "/data/claim/wt/run"],
  ["/workspaces", "/workspaces"],
  ["/usr/bin:/workspace/bin", "/usr/bin:/data/claim/repo/bin"],
  ["see /workspace", "see /workspace"],
];

for (const [value, remapped] of cases) {
  test(`${value} becomes ${remapped}`, () => {
    assert.equal(remapPath(value, mounts), remapped);
  });
}
