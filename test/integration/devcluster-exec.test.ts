import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { TIMED_OUT } from "../../src/devcluster/kubelet/container-exec.ts";
import { createContainerLog } from "../../src/devcluster/kubelet/container-log.ts";
import { startContainerProcess } from "../../src/devcluster/kubelet/container-process.ts";
import { detectSandbox, SYSTEM_PATH } from "../../src/devcluster/kubelet/sandbox/detect.ts";
import type { Sandbox, SandboxMode } from "../../src/devcluster/kubelet/sandbox/sandbox.ts";
import { launchOf } from "../support/container-launch.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PATH = process.env["PATH"] ?? SYSTEM_PATH;

/** A container that has started and does nothing. */
async function startIdle(sandbox: Sandbox, directory: string) {
  const env = { PATH: SYSTEM_PATH, GREETING: "it's $HOME" };
  const command = sandbox.prepare(launchOf(directory, ["sh", "-c", "while :; do sleep 60; done"], { env }));
  const log = createContainerLog(join(directory, "log"));
  const container = startContainerProcess(sandbox, command, log, join(directory, "pid"), true);
  assert.deepEqual(await container.started, { started: true });
  return container;
}

for (const mode of ["root", "user-namespace", "bubblewrap", "none"] satisfies SandboxMode[]) {
  test(`commands run beside a container's own: ${mode}`, { timeout: 60_000 }, async (t) => {
    await using directory = await temporaryDirectory();
    await mkdir(join(directory.path, "scratch"));
    const sandbox = await detectSandbox(join(directory.path, "scratch"), PATH, mode).catch(() => undefined);
    if (sandbox === undefined) {
      t.skip("not to be had on this machine");
      return;
    }
    const container = await startIdle(sandbox, directory.path);
    t.after(() => container.kill());
    const script = 'echo "$GREETING" "$1"; pwd; echo last >&2; exit 3';
    const awkward = "a 'quoted'\nline";
    const [said, unknown, long, late] = await Promise.all([
      container.exec(["sh", "-c", script, "sh", awkward], 30_000),
      container.exec(["no-such-program"], 30_000),
      container.exec(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo end"], 30_000),
      container.exec(["sleep", "60"], 1000),
    ]);
    assert.deepEqual(said, { exitCode: 3, output: `it's $HOME ${awkward}\n/\nlast\n` });
    assert.equal(unknown?.exitCode, 127);
    assert.equal(long?.exitCode, 0);
    assert.match(long.output, /^x{500,1000}end\n$/);
    assert.equal(late?.exitCode, TIMED_OUT);
    const given = container.exec(["sleep", "60"], 30_000);
    container.kill();
    assert.equal(await given, undefined);
    assert.equal(await container.ended, 137);
    assert.equal(await container.exec(["true"], 1000), undefined);
  });
}
