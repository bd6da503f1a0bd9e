import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createDemoRepository, isUrl, openRepository } from "./repository.ts";

const git = { path: process.env["PATH"] ?? "", home: tmpdir() };

describe("the demo's repository", () => {
  it("has a test that fails until the typo is fixed, and can be opened like any other", async () => {
    const directory = await mkdtemp(join(tmpdir(), "agent-operator-test-"));
    try {
      const { mirrorPath = "", branch } = await createDemoRepository(directory, git);
      assert.equal(branch, "main");
      await assert.rejects(promisify(execFile)("./test.sh", { cwd: mirrorPath }), {
        stdout: 'not ok: got "Helo, Ada!"\n',
      });
      await promisify(execFile)("sed", ["-i", "s/Helo/Hello/", "greet.sh"], { cwd: mirrorPath });
      assert.equal((await promisify(execFile)("./test.sh", { cwd: mirrorPath })).stdout, "ok: it greets\n");
      const opened = await openRepository("greeter", directory, directory, git);
      assert.equal(opened.branch, "main");
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("is refused, with git's words, where there is none", async () => {
    await assert.rejects(
      openRepository("/nonexistent/repository", tmpdir(), tmpdir(), git),
      /git could not prepare the repository: fatal: repository '\/nonexistent\/repository' does not exist/,
    );
  });
});

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
