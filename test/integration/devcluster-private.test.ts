import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { detectSandbox, SYSTEM_PATH } from "../../src/devcluster/kubelet/sandbox/detect.ts";
import type { SandboxMode } from "../../src/devcluster/kubelet/sandbox/sandbox.ts";
import { persistentVolumeClaims } from "../../src/kube/builtin.ts";
import { startTestCluster } from "../support/cluster.ts";
import { sh, usePods } from "../support/pods.ts";

const path = process.env["PATH"] ?? SYSTEM_PATH;
const isRoot = process.getuid?.() === 0;

async function isAvailable(mode: SandboxMode): Promise<boolean> {
  const scratch = mkdtempSync(join(tmpdir(), "sandbox-"));
  try {
    return await detectSandbox(scratch, path, mode).then(
      () => true,
      () => false,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** As somebody else on this machine: what can be read of a directory. */
function seenByOthers(directory: string): string {
  const find = ["find", directory, "-mindepth", "1"];
  return spawnSync("setpriv", [
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    ...find,
  ]).stdout.toString();
}

for (const mode of ["root", "user-namespace", "bubblewrap"] as const) {
  const skip = (await isAvailable(mode)) ? false : "not to be had on this machine";
  test(
    `claims are private to the cluster's user in sandbox ${mode}, and containers of any uid use them`,
    { skip },
    async () => {
      await using stack = new AsyncDisposableStack();
      const cluster = await startTestCluster({ operator: false, sandbox: mode, path }, stack);
      const { create, ended, log } = usePods(cluster);
      await cluster.client.create(persistentVolumeClaims, {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "work", namespace: cluster.namespace },
        spec: {
          storageClassName: "nfs-csi",
          accessModes: ["ReadWriteMany"],
          resources: { requests: { storage: "1Mi" } },
        },
      });
      for (const uid of [1000, 4000]) {
        await create(`as-${uid}`, {
          securityContext: { runAsUser: uid, runAsGroup: uid },
          containers: [
            sh(
              "c",
              "umask 0; echo $(id -u) >>/data/here/uids && cat /data/here/uids; echo t >/tmp/t && cat /token/a",
              {
                volumeMounts: [
                  { name: "work", mountPath: "/data/here", subPath: "runs" },
                  { name: "scratch", mountPath: "/token" },
                ],
              },
            ),
          ],
          initContainers: [
            sh("i", "echo a >/token/a", { volumeMounts: [{ name: "scratch", mountPath: "/token" }] }),
          ],
          volumes: [
            { name: "work", persistentVolumeClaim: { claimName: "work" } },
            { name: "scratch", emptyDir: {} },
          ],
        });
        const { status } = await ended(`as-${uid}`);
        assert.equal(status?.phase, "Succeeded", await log(`as-${uid}`));
      }
      assert.equal(await log("as-4000"), "1000\n4000\na\n");
      const dataDir = cluster.dataDir ?? "";
      chmodSync(dirname(dataDir), 0o755);
      assert.notDeepEqual(readdirSync(join(dataDir, "volumes")), []);
      if (isRoot) assert.equal(seenByOthers(dataDir), "");
    },
  );
}
