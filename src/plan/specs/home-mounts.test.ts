import assert from "node:assert/strict";
import { test } from "node:test";
import { homeMounts } from "./home-mounts.ts";

const mounted = (...paths: string[]) => paths.map((mountPath) => ({ name: "some", mountPath }));
const own = (home: string, ...paths: string[]) =>
  homeMounts(home, mounted(...paths))
    .filter(({ name }) => name === "home")
    .map(({ mountPath, subPath }) => [mountPath, subPath]);

test("the folder above what is mounted in the home directory is of the home directory", () => {
  assert.deepEqual(own("/home/agent", "/home/agent/.local/share/pnpm/store", "/home/agent/.npm"), [
    ["/home/agent", undefined],
    ["/home/agent/.local/share/pnpm", ".local/share/pnpm"],
  ]);
});

test("two mounts in one folder need it once", () => {
  assert.deepEqual(own("/root", "/root/.cache/pip", "/root/.cache/go-build"), [
    ["/root", undefined],
    ["/root/.cache", ".cache"],
  ]);
});

test("what is mounted elsewhere, or inside another mount, is left alone", () => {
  assert.deepEqual(own("/home/agent", "/data/deep/er", "/home/agents/a/b", "/root/.cache/pip"), [
    ["/home/agent", undefined],
  ]);
  assert.deepEqual(own("/root", "/root/.claude", "/root/.claude/a/b"), [["/root", undefined]]);
});

test("the home directory is mounted before what is inside it", () => {
  const paths = homeMounts("/root", mounted("/root/.a/b")).map(({ mountPath }) => mountPath);
  assert.deepEqual(paths, ["/root", "/root/.a", "/root/.a/b"]);
});
