import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { detectSandbox, SYSTEM_PATH } from "../../src/devcluster/kubelet/sandbox/detect.ts";
import type {
  ContainerLaunch,
  Mount,
  Sandbox,
  SandboxMode,
} from "../../src/devcluster/kubelet/sandbox/sandbox.ts";
import { launchOf } from "../support/container-launch.ts";

const scratch = mkdtempSync(join(tmpdir(), "sandbox-"));
// Not `after`: that runs as soon as a first suite has been skipped.
process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));

async function available(mode: SandboxMode): Promise<Sandbox | undefined> {
  return detectSandbox(scratch, process.env["PATH"] ?? SYSTEM_PATH, mode).catch(() => undefined);
}

interface Outcome {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  report: string;
}

function run(sandbox: Sandbox, launch: ContainerLaunch): Promise<Outcome> {
  const { file, args, env, cwd } = sandbox.prepare(launch);
  const child = spawn(file, args, { env, cwd, stdio: ["ignore", "pipe", "pipe", "pipe"], timeout: 10_000 });
  const outcome = { stdout: "", stderr: "", report: "" };
  child.stdout?.on("data", (chunk: Buffer) => (outcome.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (outcome.stderr += chunk.toString()));
  child.stdio[3]?.on("data", (chunk: Buffer) => (outcome.report += chunk.toString()));
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ ...outcome, code, signal }));
  });
}

function volume(name: string, target: string, readOnly = false): Mount {
  const source = join(mkdtempSync(join(scratch, "volume-")), name);
  mkdirSync(source);
  chmodSync(source, 0o777);
  return { source, target, readOnly, isFile: false };
}

for (const mode of ["root", "user-namespace", "bubblewrap"] as const) {
  const sandbox = await available(mode);
  describe(
    `sandbox ${mode}`,
    { skip: sandbox === undefined ? "not to be had on this machine" : false },
    () => {
      if (sandbox === undefined) return;
      const sh = (script: string, changes: Partial<ContainerLaunch> = {}): Promise<Outcome> =>
        run(sandbox, launchOf(scratch, ["sh", "-c", script], changes));

      test("the command is process 1, as the wanted user, with its own host name", async () => {
        const { stdout, code, report } = await sh("echo $$ $(id -u) $(id -g) $(uname -n)");
        assert.equal(stdout, "1 1000 1000 pod-1\n");
        assert.equal(code, 0);
        assert.equal(report, "started\n");
      });

      test("mounts are seen at their paths and the host gets no such paths", async () => {
        const workspace = volume("repo", "/workspace");
        const home = volume("home", "/home/agent");
        const root = volume("root", "/root");
        const nested = volume("deep", "/workspace/deep/er");
        const odd = volume("a b", "/opt/with space/x");
        const script =
          "for d in /workspace /home/agent /root /workspace/deep/er '/opt/with space/x' /tmp; do echo ok > \"$d/f\" || exit 1; done";
        const outcome = await sh(script, { mounts: [nested, workspace, home, root, odd], uid: 1000 });
        assert.deepEqual([outcome.code, outcome.stderr], [0, ""]);
        for (const { source } of [workspace, home, root, nested, odd]) {
          assert.equal(readFileSync(join(source, "f"), "utf8"), "ok\n");
        }
        for (const path of ["/workspace", "/home/agent", "/opt/with space"])
          assert.equal(existsSync(path), false);
      });

      test("a read-only mount and the host's own files cannot be written, not even by uid 0", async () => {
        const fixed = volume("fixed", "/fixed", true);
        writeFileSync(join(fixed.source, "f"), "as it was");
        const script =
          "for f in /fixed/f /etc/sandbox-test /usr/sandbox-test; do (echo no > $f) 2>/dev/null && exit 1; done; cat /fixed/f";
        const { code, stdout } = await sh(script, { mounts: [fixed], uid: 0, gid: 0 });
        assert.deepEqual([code, stdout], [0, "as it was"]);
      });

      test("readOnlyRootFilesystem leaves only mounts writable", async () => {
        const data = volume("data", "/data");
        const script = "touch /data/f && ! touch /x 2>/dev/null && ! touch /tmp/x 2>/dev/null";
        const { code } = await sh(script, { mounts: [data], readOnlyRootFilesystem: true, uid: 0, gid: 0 });
        assert.equal(code, 0);
      });

      test("without it, uid 0 may write to the root, and nothing of it reaches the host", async () => {
        const { code, stderr } = await sh("echo x > /sandbox-test && cat /sandbox-test > /dev/null", {
          uid: 0,
          gid: 0,
        });
        assert.deepEqual([code, stderr], [0, ""]);
        assert.equal(existsSync("/sandbox-test"), false);
      });

      test("a missing working directory is made", async () => {
        const { stdout } = await sh("pwd", { workingDir: "/made/for/this" });
        assert.equal(stdout, "/made/for/this\n");
        assert.equal(existsSync("/made"), false);
      });

      test("a file can be mounted over a device directory's path, as termination messages are", async () => {
        const file = join(mkdtempSync(join(scratch, "file-")), "termination-log");
        writeFileSync(file, "");
        chmodSync(file, 0o666);
        const mounts = [{ source: file, target: "/dev/termination-log", readOnly: false, isFile: true }];
        const { code } = await sh(
          "echo why > /dev/termination-log && echo > /dev/null && head -c1 /dev/urandom >/dev/null",
          { mounts },
        );
        assert.equal(code, 0);
        assert.equal(readFileSync(file, "utf8"), "why\n");
      });

      test("the environment arrives unchanged and nothing is added", async () => {
        const env = { PATH: SYSTEM_PATH, TEXT: "a\nb 'c' $(d) \\", "odd.name-x": "1" };
        const { stdout } = await run(sandbox, launchOf(scratch, ["env", "-0"], { env }));
        const seen = Object.fromEntries(
          stdout
            .split("\0")
            .filter(Boolean)
            .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
        );
        assert.deepEqual(seen, env);
      });

      test("what a container's first process leaves running ends with it", async () => {
        const started = performance.now();
        const { code } = await sh("sleep 30 & exit 7");
        assert.equal(code, 7);
        assert.ok(performance.now() - started < 5000);
      });

      test("privileges cannot be gained", async () => {
        const { stdout } = await sh("grep -E '^(NoNewPrivs|CapBnd|CapEff)' /proc/self/status");
        assert.match(stdout, /NoNewPrivs:\s1/);
        assert.match(stdout, /CapEff:\s0+\n/);
        // A nested user namespace has all capabilities in its bounding set; they mean nothing outside of it.
        if (mode !== "user-namespace") assert.match(stdout, /CapBnd:\s0+\n/);
      });

      const failures: [argv: string[], message: string][] = [
        [["no-such-program"], 'failed exec: "no-such-program": executable file not found in $PATH\n'],
        [
          ["/no/such/program"],
          'failed exec: "/no/such/program": stat /no/such/program: no such file or directory\n',
        ],
        [["/etc/passwd"], 'failed exec: "/etc/passwd": permission denied\n'],
      ];
      for (const [argv, message] of failures) {
        test(`${argv[0]} cannot be started, and the report says why`, async () => {
          const { report, code } = await run(sandbox, launchOf(scratch, argv));
          assert.deepEqual([report, code], [message, 128]);
        });
      }

      test("nothing of a container outlives the process that started it", async () => {
        const marker = String(1_000_000 + process.pid);
        const { file, args, env, cwd } = sandbox.prepare(launchOf(scratch, ["sleep", marker]));
        const script = `
        const { spawn } = require("node:child_process");
        const { file, args, env, cwd } = JSON.parse(process.argv[1]);
        const child = spawn(file, args, { env, cwd, stdio: ["ignore", "ignore", "ignore", "pipe"], detached: true });
        child.stdio[3].once("data", () => process.kill(process.pid, "SIGKILL"));`;
        const parent = spawn(process.execPath, ["-e", script, JSON.stringify({ file, args, env, cwd })], {
          stdio: "ignore",
        });
        const signal = await new Promise((resolve) => parent.once("exit", (_, signal) => resolve(signal)));
        assert.equal(signal, "SIGKILL");
        await untilGone(`sleep\0${marker}\0`);
      });
    },
  );
}

/** Waits until no process has this command line; at most two seconds. */
async function untilGone(commandLine: string): Promise<void> {
  const isThere = (): boolean =>
    readdirSync("/proc").some((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8") === commandLine;
      } catch {
        return false;
      }
    });
  for (let attempt = 0; attempt < 40 && isThere(); attempt += 1) await sleep(50);
  assert.equal(isThere(), false);
}
