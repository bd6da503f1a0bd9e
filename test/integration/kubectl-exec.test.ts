import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startDevCluster, type DevCluster } from "../../src/devcluster/cluster.ts";
import type { SandboxMode } from "../../src/devcluster/kubelet/sandbox/sandbox.ts";
import { createKubectl, type Kubectl } from "../support/kubectl.ts";

/** Real kubectl that looks into pods of the embedded cluster, in each way of isolating them that this machine has. */

const script = 'trap "exit 0" TERM; echo up; while :; do sleep 0.1; done';
const container = (name: string) => ({
  name,
  image: "busybox:1.36",
  command: ["sh", "-c", script],
  workingDir: "/tmp",
  env: [{ name: "GREETING", value: "it's $HOME" }],
});

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p" },
  spec: {
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsUser: 1234, runAsGroup: 1234 },
    initContainers: [{ ...container("service"), restartPolicy: "Always" }],
    containers: [container("main"), { ...container("other"), securityContext: { runAsUser: 4321 } }],
  },
};

for (const mode of ["root", "user-namespace", "none"] satisfies SandboxMode[]) {
  describe(`kubectl exec and attach in a sandbox of the kind ${mode}`, { timeout: 120_000 }, () => {
    let dataDir: string;
    let cluster: DevCluster | undefined;
    let kubectl: Kubectl;
    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), "exec-"));
      cluster = await startDevCluster({ dataDir, sandbox: mode }).catch(() => undefined);
      if (cluster === undefined) return;
      kubectl = await createKubectl(cluster.kubeconfigPath, "default");
      await kubectl.apply(POD);
      await kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=60s");
    });
    after(async () => {
      await cluster?.stop();
      await rm(dataDir, { recursive: true, force: true });
    });
    const it = (name: string, check: () => Promise<void>) =>
      test(name, async (t) => {
        if (cluster === undefined) t.skip("not to be had on this machine");
        else await check();
      });

    it("runs a command with the container's user, directory and environment; both outputs and the exit code arrive", async () => {
      const said = await kubectl.attempt([
        "exec",
        "p",
        "--",
        "sh",
        "-c",
        'id -u; pwd; echo "$GREETING"; echo oh >&2; exit 3',
      ]);
      // Without root, whoever starts the cluster is its containers' user if they have no namespace.
      const uid = mode === "none" && process.getuid?.() !== 0 ? String(process.getuid?.()) : "1234";
      assert.deepEqual(said.stdout.split("\n").slice(0, 3), [uid, "/tmp", "it's $HOME"]);
      assert.match(said.stderr, /^oh\n/m);
      assert.match(said.stderr, /command terminated with exit code 3/);
      assert.equal(said.code, 3);
    });

    it("finds the container by name, sidecars too, and shares its processes", async () => {
      if (mode !== "none") {
        const first = await kubectl(
          "exec",
          "p",
          "-c",
          "service",
          "--",
          "sh",
          "-c",
          "tr '\\0' ' ' </proc/1/cmdline",
        );
        assert.match(first, /trap "exit 0" TERM/);
      }
      assert.match(
        (await kubectl.attempt(["exec", "p", "-c", "no", "--", "ls"])).stderr,
        /container no is not valid for pod p/,
      );
    });

    it("passes standard input on, whole, and what comes back is as long", async () => {
      const bytes = randomBytes(3 * 1024 * 1024).toString("hex");
      const { stdout, code } = await kubectl.attempt(["exec", "-i", "p", "--", "cat"], { input: bytes });
      assert.equal(code, 0);
      assert.ok(stdout === bytes, `${stdout.length} of ${bytes.length} characters`);
    });

    it("says that there is no such program, and that there is no terminal", async () => {
      const missing = await kubectl.attempt(["exec", "p", "--", "no-such-program"]);
      assert.match(missing.stderr, /exec: "no-such-program": executable file not found in \$PATH/);
      assert.notEqual(missing.code, 0);
      const path = "/api/v1/namespaces/default/pods/p/exec?container=main&command=ls&tty=true";
      assert.match(
        (await kubectl.attempt(["get", "--raw", path])).stderr,
        /has no terminals: leave out --tty/,
      );
    });

    it("wants the right to create pods/exec, also of a GET", async () => {
      await kubectl("create", "serviceaccount", "reader");
      await kubectl("create", "role", "reader", "--verb=get", "--resource=pods,pods/exec,pods/attach");
      await kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader");
      const as = "--as=system:serviceaccount:default:reader";
      for (const subresource of ["exec", "attach"]) {
        const raw = `/api/v1/namespaces/default/pods/p/${subresource}?container=main&command=ls`;
        for (const args of [
          ["get", "--raw", raw],
          subresource === "exec" ? ["exec", "p", "--", "ls"] : ["attach", "p"],
        ]) {
          const { stderr, code } = await kubectl.attempt([as, ...args]);
          assert.match(stderr, new RegExp(`cannot create resource "pods/${subresource}"`));
          assert.notEqual(code, 0);
        }
      }
    });

    it("ends the command when kubectl goes away, and kubectl when the container ends", async () => {
      const mark = join(dataDir, "unique-mark");
      await writeFile(mark, "");
      const gone = kubectl.start([
        "exec",
        "p",
        "--",
        "sh",
        "-c",
        "echo started; exec tail -f /dev/null 43210",
      ]);
      await gone.waitForOutput(/started/);
      const alive = () =>
        kubectl(
          "exec",
          "p",
          "--",
          "sh",
          "-c",
          "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c '[4]3210' || :",
        );
      assert.notEqual((await alive()).trim(), "0");
      gone.kill("SIGKILL");
      await gone.ended;
      while ((await alive()).trim() !== "0");
      await using attached = kubectl.start(["attach", "p", "-c", "main"]);
      await using waiting = kubectl.start([
        "exec",
        "p",
        "--",
        "sh",
        "-c",
        "echo started; exec tail -f /dev/null",
      ]);
      await waiting.waitForOutput(/started/);
      await kubectl("delete", "pod", "p", "--wait=false");
      assert.notEqual((await waiting.ended).code, 0);
      assert.equal((await attached.ended).code, 0);
    });
  });
}

test("exec is refused in bubblewrap, which nobody can enter", { timeout: 60_000 }, async (t) => {
  const cluster = await startDevCluster({ sandbox: "bubblewrap" }).catch(() => undefined);
  if (cluster === undefined) {
    t.skip("not to be had on this machine");
    return;
  }
  try {
    const kubectl = await createKubectl(cluster.kubeconfigPath, "default");
    await kubectl.apply(POD);
    await kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=30s");
    const { stderr } = await kubectl.attempt(["exec", "p", "--", "ls"]);
    assert.match(stderr, /does not serve pods\/exec in a sandbox of the kind bubblewrap/);
  } finally {
    await cluster.stop();
  }
});
