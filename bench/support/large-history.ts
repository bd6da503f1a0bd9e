import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { runOk } from "../../test/support/run.ts";

const FILES = 200;

/**
 * Makes a bare repository of so many commits with so many bytes of blobs in its history that no
 * compression makes smaller; its newest tree is a few hundred files. Every commit replaces one of them.
 */
export async function makeLargeHistory(
  path: string,
  { commits, bytes }: { commits: number; bytes: number },
): Promise<void> {
  await runOk("git", ["init", "--quiet", "--bare", "--initial-branch=main", path]);
  // Random bytes have no deltas: nothing is looked for.
  const git = spawn("git", ["-c", "core.compression=0", "-C", path, "fast-import", "--quiet", "--depth=0"], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(git, "exit");
  const blobBytes = Math.ceil(bytes / commits);
  for (let number = 1; number <= commits; number += 1) {
    const message = `commit ${number}\n`;
    const head = [
      "commit refs/heads/main",
      `committer Bench <bench@example.com> ${1_700_000_000 + number} +0000`,
      `data ${message.length}\n${message}M 100644 inline file-${number % FILES}`,
      `data ${blobBytes}\n`,
    ];
    git.stdin.write(head.join("\n"));
    git.stdin.write(randomBytes(blobBytes));
    if (!git.stdin.write("\n")) await once(git.stdin, "drain");
  }
  git.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
}
