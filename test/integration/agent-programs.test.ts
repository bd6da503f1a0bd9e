import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { agentDirectories } from "../../src/local/agent-programs.ts";
import { run, runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const limit = { timeout: 60_000 };

/** A package `tool` with a program of this name, and places of a user who has nothing else. */
async function setUp(directory: string) {
  const source = join(directory, "source");
  await mkdir(source);
  const manifest = { name: "tool", version: "1.2.3", bin: { tool: "tool.js" } };
  await writeFile(join(source, "package.json"), JSON.stringify(manifest));
  await writeFile(join(source, "tool.js"), "#!/usr/bin/env node\nconsole.log('tool 1.2.3');\n");
  await runOk("npm", ["pack", "--pack-destination", directory], { cwd: source });
  const lines: string[] = [];
  const places = {
    packageRoot: join(directory, "package"),
    path: process.env["PATH"] ?? "",
    cacheDirectory: join(directory, "cache"),
    environment: { ...process.env, npm_config_offline: "true", npm_config_cache: join(directory, "npm") },
    show: (line: string) => void lines.push(line),
    signal: AbortSignal.timeout(limit.timeout),
  };
  return { places, lines, tool: { name: "tool", npmPackage: `tool@file:${directory}/tool-1.2.3.tgz` } };
}

async function writeProgram(path: string): Promise<void> {
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o755);
}

test("an agent that is nowhere is fetched once, and its progress shown", limit, async () => {
  await using directory = await temporaryDirectory();
  const { places, lines, tool } = await setUp(directory.path);
  const [found = ""] = await agentDirectories([tool, tool], places);
  const { stdout } = await run(join(found, "tool"), []);
  assert.equal(stdout, "tool 1.2.3\n");
  assert.match(lines[0] ?? "", /^tool is not on PATH: fetching tool@.* by npm, once …$/);
  assert.match(lines.at(-1) ?? "", /fetched tool@.* in \d+ s, kept in .*cache$/);
  lines.length = 0;
  assert.deepEqual(await agentDirectories([tool], places), [found]);
  assert.deepEqual(lines, []);
});

test("a checkout's own agent wins, then the one on PATH", limit, async () => {
  await using directory = await temporaryDirectory();
  const { places, tool } = await setUp(directory.path);
  const bin = join(directory.path, "bin");
  await mkdir(bin);
  await writeProgram(join(bin, "tool"));
  const withPath = { ...places, path: `${bin}:${places.path}` };
  assert.deepEqual(await agentDirectories([tool], withPath), []);
  const own = join(places.packageRoot, "node_modules", ".bin");
  await mkdir(own, { recursive: true });
  await writeProgram(join(own, "tool"));
  assert.deepEqual(await agentDirectories([tool], withPath), [own]);
});

test("a link that leads to where containers see nothing is none", limit, async () => {
  await using directory = await temporaryDirectory();
  const { places, tool } = await setUp(directory.path);
  const [bin, hidden] = [join(directory.path, "bin"), join(directory.path, "hidden")];
  for (const path of [bin, hidden]) await mkdir(path);
  await writeProgram(join(hidden, "program"));
  await symlink(join(hidden, "program"), join(bin, "tool"));
  const found = await agentDirectories([tool], { ...places, path: `${bin}:${places.path}` });
  assert.equal(found.length, 1);
});

test("an agent that cannot be fetched says why and what to do", limit, async () => {
  await using directory = await temporaryDirectory();
  const { places } = await setUp(directory.path);
  const absent = { name: "tool", npmPackage: "tool@file:/nowhere/tool.tgz" };
  await assert.rejects(
    agentDirectories([absent], places),
    /cannot fetch tool@file:\/nowhere\/tool\.tgz: npm ended with \d+: .*; install tool yourself and try again/,
  );
});
