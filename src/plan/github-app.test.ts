import assert from "node:assert/strict";
import { test } from "node:test";
import { CI_DEFINITIONS } from "../api/fields/publish.ts";
import { githubAppFor, publishPermissions } from "./github-app.ts";

const secret = { secret: "app", image: "operator:1" };
const read = { permissions: { contents: "read" } } as const;

test("an App is for what an http URL names by its owner and name, and for nothing else", () => {
  for (const [url, project, host] of [
    ["https://github.com/owner/name", "owner/name", "github.com"],
    ["https://me@GitHub.com/owner/name.git/", "owner/name", "github.com"],
    ["http://ghe.example.com:8080/owner/name.git", "owner/name", "ghe.example.com:8080"],
  ] as const)
    assert.deepEqual(githubAppFor(url, secret, read), { ...secret, task: { project, host, ...read } }, url);
  for (const url of [
    "git@github.com:owner/name.git",
    "ssh://git@github.com/owner/name",
    "file:///owner/name",
    "https://github.com/name",
    "https://github.com/group/owner/name",
    "https://github.com/owner/..",
  ])
    assert.equal(githubAppFor(url, secret, read), undefined, url);
});

const WORKFLOWS: [protectedPaths: readonly string[], mayWrite: boolean][] = [
  [CI_DEFINITIONS, false],
  [[".github/workflows"], false],
  [[".GitHub/Workflows/"], false],
  [[".github"], false],
  [[".github/**"], false],
  [["**"], false],
  [["*"], false],
  [[".github/*"], false],
  [["**/workflows"], false],
  [[".github/workflows/*"], false],
  [[], true],
  [["docs"], true],
  [[".github/workflows/*.yml"], true],
  [[".github/workflows/?"], true],
  [["Xgithub/workflows"], true],
  [[".github/actions"], true],
];
for (const [protectedPaths, mayWrite] of WORKFLOWS)
  test(`a token ${mayWrite ? "may" : "may not"} write workflows if ${JSON.stringify(protectedPaths)} is protected`, () => {
    const { permissions, wished } = publishPermissions(protectedPaths, true);
    assert.deepEqual(permissions, { contents: "write", pull_requests: "write" });
    assert.deepEqual(wished, mayWrite ? { workflows: "write" } : undefined);
    assert.deepEqual(publishPermissions(protectedPaths, false).permissions, { contents: "write" });
  });
