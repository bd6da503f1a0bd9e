import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { jobs, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import type { Job, Pod } from "../../src/kube/builtin.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

const namespace = "default";
const WAIT_MS = 15_000;
const clusterModule = new URL("../../src/devcluster/cluster.ts", import.meta.url).href;

/** A cluster in its own process, so that it can be killed. */
async function startProcess(dataDir: string): Promise<ChildProcess> {
  const script = `
    const { startDevCluster } = await import(process.argv[1]);
    await startDevCluster({ dataDir: process.argv[2] });
    process.send("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, clusterModule, dataDir], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message", { signal: AbortSignal.timeout(WAIT_MS) });
  return child;
}

function isRunning(commandLine: string): boolean {
  return readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(commandLine);
    } catch {
      return false;
    }
  });
}

/** Waits at most two seconds until such a process runs, or no longer does. */
async function untilRunning(commandLine: string, wanted: boolean): Promise<void> {
  for (let attempt = 0; attempt < 40 && isRunning(commandLine) !== wanted; attempt += 1) await sleep(50);
  assert.equal(isRunning(commandLine), wanted);
}

function aJob(name: string, script: string, spec: Partial<Job["spec"]> = {}): Job {
  const mounts = [{ name: "v", mountPath: "/v" }];
  const containers = [{ name: "main", image: "x", command: ["sh", "-c", script], volumeMounts: mounts }];
  const volumes = [{ name: "v", persistentVolumeClaim: { claimName: "kept" } }];
  return {
    metadata: { name, namespace },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers, volumes } }, ...spec },
  };
}

test(
  "a killed cluster leaves no process, keeps its state, and tells the truth about what ran",
  { skip: !existsSync("/proc/self/stat") },
  async (t) => {
    await using directory = await temporaryDirectory();
    const dataDir = join(directory.path, "data");
    const marker = String(2_000_000 + process.pid);
    const first = await startProcess(dataDir);
    t.after(() => first.kill("SIGKILL"));
    const { transport } = await kubeconfigTransport({ paths: [join(dataDir, "kubeconfig")] });
    t.after(() => transport.close());
    const client = createClient(transport);
    await client.create(persistentVolumeClaims, {
      metadata: { name: "kept", namespace },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });
    await client.create(jobs, aJob("before", "echo kept > /v/f; echo said"));
    await waitFor(
      client,
      jobs,
      { namespace, name: "before" },
      ({ status }) => status?.succeeded === 1,
      WAIT_MS,
    );
    await client.create(jobs, aJob("during", `sleep ${marker}`));
    await waitFor(client, jobs, { namespace, name: "during" }, ({ status }) => status?.ready === 1, WAIT_MS);
    await untilRunning(`sleep\0${marker}`, true);
    await assert.rejects(
      startDevCluster({ dataDir }),
      new RegExp(`in use by the cluster of process ${first.pid}`),
    );

    first.kill("SIGKILL");
    await once(first, "exit");
    await untilRunning(`sleep\0${marker}`, false);

    const second = await startDevCluster({ dataDir, stopGraceSeconds: 0 });
    try {
      const again = createClient(second.transport);
      const failed = (job: Job): boolean =>
        job.status?.conditions?.some(({ type }) => type === "Failed") ?? false;
      await waitFor(again, jobs, { namespace, name: "during" }, failed, WAIT_MS);
      const { items } = await again.list(pods, { namespace });
      const podOf = (job: string): Pod | undefined =>
        items.find(({ metadata }) => metadata.labels?.["job-name"] === job);
      const state = podOf("during")?.status?.containerStatuses?.[0]?.state?.terminated;
      assert.deepEqual([state?.exitCode, state?.reason], [255, "Unknown"]);
      const path = `/api/v1/namespaces/${namespace}/pods/${podOf("before")?.metadata.name}/log`;
      assert.equal(await again.getText(path), "said\n");
      await again.create(jobs, aJob("after", "grep kept /v/f"));
      await waitFor(
        again,
        jobs,
        { namespace, name: "after" },
        ({ status }) => status?.succeeded === 1,
        WAIT_MS,
      );

      await again.delete(jobs, { namespace, name: "after" }, { propagationPolicy: "Foreground" });
      await waitForAbsence(again, jobs, { namespace, name: "after" }, WAIT_MS);
    } finally {
      await second.stop();
    }
  },
);
