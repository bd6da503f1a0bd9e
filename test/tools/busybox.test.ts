import assert from "node:assert/strict";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { custom } from "../../src/agents/custom/custom.ts";
import { parseGitReport } from "../../src/plan/specs/git-report.ts";
import { createPod, repository, resolvedRun } from "../agents/support/pod.ts";
import { createWorkspace } from "../agents/support/workspace.ts";
import { requireTool } from "../support/debian.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RESULT = '{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done"}';

/** A PATH of busybox's own programs, with git, bash and an agent that writes one file. */
async function busyboxPath(directory: string): Promise<string> {
  await requireTool("busybox", "busybox");
  const bin = join(directory, "bin");
  await mkdir(bin);
  const link = async (program: string, names: readonly string[]): Promise<void> => {
    const target = (await runOk("sh", ["-c", 'command -v "$1"', "sh", program])).trim();
    for (const name of names) {
      await rm(join(bin, name), { force: true });
      await symlink(target, join(bin, name));
    }
  };
  const applets = (await runOk("busybox", ["--list"])).trim().split("\n");
  await link("busybox", applets);
  for (const program of ["git", "bash", "setpriv", "env"]) await link(program, [program]);
  await writeFile(join(bin, "claude"), `#!/bin/sh\necho work > work.txt\necho '${RESULT}'\n`);
  await chmod(join(bin, "claude"), 0o755);
  return bin;
}

test("clone, worktree and entrypoint run with busybox's programs", async () => {
  await using directory = await temporaryDirectory();
  const path = await busyboxPath(directory.path);
  const origin = await createGitRepository(join(directory.path, "origin"));
  const pod = await createPod(
    join(directory.path, "pod"),
    resolvedRun({ repository: repository(origin.path), worktree: { branch: "w", sourceBranch: "main" } }),
    { path, shell: ["sh"] },
  );
  const clone = await pod.clone();
  assert.equal(clone.code, 0, clone.stderr);
  const { code, stdout, stderr } = await pod.runAgent();
  assert.equal(code, 0, stderr);
  assert(stdout.includes(RESULT));
  const git = parseGitReport(await pod.message());
  assert.deepEqual([git?.branch, git?.filesChanged, git?.uncommittedChanges], ["w", 1, true]);
});

test("a program of the run's own is told by its last words with busybox's programs", async () => {
  await using directory = await temporaryDirectory();
  const path = await busyboxPath(directory.path);
  const origin = await createGitRepository(join(directory.path, "origin"));
  const words = String.raw`printf 'one\r1%%\r\033[1mall "done"\033[0m\tof %s\n\n' "$(cat)"; exit 4`;
  const pod = await createPod(
    join(directory.path, "pod"),
    resolvedRun({
      agent: "custom",
      command: ["sh", "-c", words],
      repository: repository(origin.path),
      prompt: undefined,
      promptFrom: { secret: { name: "task", key: "text" } },
    }),
    { path, shell: ["sh"], values: { "task/text": "--------\nsecret work\n" } },
  );
  assert.equal((await pod.clone()).code, 0);
  const { code, stdout, stderr } = await pod.runAgent();
  assert.equal(code, 4, stderr);
  const { text, error } = custom.parseOutput(stdout);
  assert.equal(text, 'all "done"\tof --------\n***');
  assert.equal(error?.message, text);
});

test("the scripts of a workspace run with busybox's programs", async () => {
  await using directory = await temporaryDirectory();
  const options = { path: await busyboxPath(directory.path), shell: ["sh"] };
  const origin = await createGitRepository(join(directory.path, "origin"));
  const workspace = await createWorkspace(join(directory.path, "pod"), repository(origin.path));
  const made = await workspace.initialize(options);
  assert.equal(made.code, 0, made.stderr);
  const added = await (await workspace.podOf("agent-1", { branch: "work" }, options)).clone();
  assert.equal(added.code, 0, added.stderr);
  const lost = await workspace.podOf("agent-2", { branch: "w", sourceBranch: "mian" }, options);
  assert.equal((await lost.clone()).code, 64);
  assert.match(await lost.message(), /the nearest names are: main work/);
  const cleaned = await workspace.cleanUp("agent-1", options);
  assert.equal(cleaned.code, 0, cleaned.stderr);
});
