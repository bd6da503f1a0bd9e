import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pods, secrets, type Container, type Pod } from "../../src/kube/builtin.ts";
import { nodes } from "../../src/kube/cluster-kinds.ts";
import { useCluster } from "../support/cluster.ts";
import { eventOf, IMAGE, sh, skipElsewhere, usePods, WAIT_MS } from "../support/pods.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const cluster = useCluster({ operator: false, pods: "anywhere" });
const shared = { path: mkdtempSync(join(tmpdir(), "sidecars-")) };
chmodSync(shared.path, 0o777);
process.once("exit", () => rmSync(shared.path, { recursive: true, force: true }));
const { create, until, ended, log } = usePods(cluster);
/** For what must change a node, or needs a program of this machine. */
const NOT_OURS = "another cluster's nodes are left alone";

test("init containers run in order before the containers; states and conditions say so", async () => {
  await create("ordered", {
    initContainers: [sh("one", "echo 1 >> /v/f", mounts("/v")), sh("two", "echo 2 >> /v/f", mounts("/v"))],
    containers: [sh("c", "cat /v/f; echo bye > /dev/termination-log", mounts("/v"))],
    volumes: [{ name: "v", emptyDir: {} }],
  });
  const { status } = await ended("ordered");
  assert.equal(status?.phase, "Succeeded");
  assert.equal(await log("ordered"), "1\n2\n");
  const [container] = status?.containerStatuses ?? [];
  assert.equal(container?.state?.terminated?.reason, "Completed");
  assert.equal(container?.state?.terminated?.message, "bye\n");
  assert.deepEqual(
    status?.initContainerStatuses?.map(({ name, ready }) => [name, ready]),
    [
      ["one", true],
      ["two", true],
    ],
  );
  const conditions = Object.fromEntries(
    (status?.conditions ?? []).map((one) => [one.type, [one.status, one.reason]]),
  );
  assert.deepEqual(conditions["Initialized"], ["True", "PodCompleted"]);
  assert.deepEqual(conditions["Ready"], ["False", "PodCompleted"]);
  assert.equal(conditions["PodScheduled"]?.[0], "True");
});

function mounts(mountPath: string): Partial<Container> {
  return { volumeMounts: [{ name: "v", mountPath }] };
}

test("a failing init container fails the pod and the others never start", async () => {
  await create("init-fails", { initContainers: [sh("one", "echo sorry >&2; exit 3")] });
  const { status } = await ended("init-fails");
  assert.equal(status?.phase, "Failed");
  assert.equal(status?.initContainerStatuses?.[0]?.state?.terminated?.exitCode, 3);
  assert.equal(status?.containerStatuses?.[0]?.state?.waiting?.reason, "PodInitializing");
  assert.equal(await log("init-fails", "?container=one"), "sorry\n");
});

test("sidecars start in order behind their startup probes, are restarted, and end last, the last one first", async () => {
  const say = (what: string): string => `echo ${what} >> /v/f`;
  const sidecar = (name: string, script: string, changes: Partial<Container> = {}): Container =>
    sh(name, script, { restartPolicy: "Always", ...mounts("/v"), ...changes });
  const serve = (name: string): string =>
    `trap '${say(`${name}-end`)}; exit 143' TERM; ${say(`${name}-start`)}; sleep 1; touch /v/${name}; sleep 300 & wait`;
  const probe = { exec: { command: ["test", "-f", "/v/one"] }, periodSeconds: 1 };
  await create("sidecars", {
    initContainers: [
      sidecar("one", serve("one"), { startupProbe: probe }),
      sidecar("two", `if [ ! -f /v/crashed ]; then touch /v/crashed; exit 1; fi; ${serve("two")}`),
      sh("init", `test -f /v/one && ${say("init")}`, mounts("/v")),
    ],
    containers: [sh("c", `until [ -f /v/two ]; do sleep 0.1; done; ${say("main")}`, mounts("/v"))],
    volumes: [{ name: "v", hostPath: { path: shared.path } }],
  });
  const { status } = await ended("sidecars");
  const order = readFileSync(join(shared.path, "f"), "utf8").trim().split("\n");
  assert.equal(status?.phase, "Succeeded");
  assert.deepEqual(
    [order[0], order.at(-3), order.at(-2), order.at(-1)],
    ["one-start", "main", "two-end", "one-end"],
  );
  const [one, two] = status?.initContainerStatuses ?? [];
  assert.deepEqual([one?.ready, two?.restartCount, two?.state?.terminated?.exitCode], [false, 1, 143]);
});

test("an exit by signal is 128 and the signal's number", async () => {
  await create("signalled", { containers: [sh("c", "sh -c 'kill -TERM $$$$'; exit $?")] });
  const { status } = await ended("signalled");
  assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 143);
});

test("a missing command is a StartError with exit code 128", async () => {
  await create("no-command", { containers: [{ name: "c", image: IMAGE, command: ["no-such-program"] }] });
  const { status } = await ended("no-command");
  const terminated = status?.containerStatuses?.[0]?.state?.terminated;
  assert.equal(status?.phase, "Failed");
  assert.deepEqual([terminated?.exitCode, terminated?.reason], [128, "StartError"]);
  assert.match(terminated?.message ?? "", /exec: "no-such-program": executable file not found in \$PATH$/);
});

test("a missing Secret key is a CreateContainerConfigError until it appears", async () => {
  const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "late", key: "token" } } }];
  await create("waits", { containers: [sh("c", 'echo "$TOKEN"', { env })] });
  const waiting = await until(
    "waits",
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.message !== undefined,
  );
  assert.deepEqual(waiting.status?.containerStatuses?.[0]?.state, {
    waiting: { reason: "CreateContainerConfigError", message: 'secret "late" not found' },
  });
  await assert.rejects(log("waits"), /waiting to start: CreateContainerConfigError/);
  await cluster.client.create(secrets, {
    metadata: { name: "late", namespace: cluster.namespace },
    stringData: { token: "here" },
  });
  assert.equal((await ended("waits")).status?.phase, "Succeeded");
  assert.equal(await log("waits"), "here\n");
});

test("a volume that cannot be made is a FailedMount event and the container waits", async () => {
  await create("no-volume", {
    containers: [sh("c", "true", mounts("/v"))],
    volumes: [{ name: "v", secret: { secretName: "nowhere" } }],
  });
  assert.equal(
    await eventOf(cluster, "no-volume", "FailedMount"),
    'MountVolume.SetUp failed for volume "v" : secret "nowhere" not found',
  );
});

test("past its deadline a pod is unready, is stopped, shows the reason, stays and keeps its message", async () => {
  await create("late", {
    activeDeadlineSeconds: 1,
    terminationGracePeriodSeconds: 10,
    containers: [
      sh(
        "c",
        "trap 'sleep 0.5; echo stopped > /dev/termination-log; exit 143' TERM; echo up; sleep 60 & wait",
      ),
    ],
  });
  const isFailing = ({ status }: Pod): boolean =>
    status?.conditions?.some(({ type, reason }) => type === "Ready" && reason === "PodFailed") ?? false;
  const early = await until("late", isFailing);
  assert.deepEqual([early.status?.phase, early.status?.reason], ["Running", undefined]);
  assert.notEqual(early.status?.containerStatuses?.[0]?.state?.running, undefined);
  const { status } = await ended("late");
  assert.deepEqual([status?.phase, status?.reason], ["Failed", "DeadlineExceeded"]);
  assert.equal(status?.message, "Pod was active on the node longer than the specified deadline");
  const terminated = status?.containerStatuses?.[0]?.state?.terminated;
  assert.deepEqual([terminated?.exitCode, terminated?.message], [143, "stopped\n"]);
  assert.equal(await log("late"), "up\n");
});

test("deletion asks first: the container can finish its work within the grace period", async () => {
  await create("polite", {
    containers: [sh("c", "trap 'echo asked; exit 0' TERM; echo up; sleep 60 & wait")],
  });
  await until("polite", ({ status }) => status?.phase === "Running");
  const chunks = await cluster.client.getStream(
    `/api/v1/namespaces/${cluster.namespace}/pods/polite/log?follow=true`,
  );
  let said = "";
  let asked = false;
  for await (const chunk of chunks) {
    said += Buffer.from(chunk).toString();
    if (asked || !said.includes("up\n")) continue;
    asked = true;
    await cluster.client.delete(pods, { namespace: cluster.namespace, name: "polite" });
  }
  assert.equal(said, "up\nasked\n");
  await waitForAbsence(cluster.client, pods, { namespace: cluster.namespace, name: "polite" }, WAIT_MS);
});

test("deletion forces what does not listen when the grace period is over", async () => {
  await create("stubborn", { containers: [sh("c", "trap '' TERM; while :; do sleep 60; done")] });
  await until("stubborn", ({ status }) => status?.phase === "Running");
  const started = performance.now();
  await cluster.client.delete(
    pods,
    { namespace: cluster.namespace, name: "stubborn" },
    { gracePeriodSeconds: 1 },
  );
  await waitForAbsence(cluster.client, pods, { namespace: cluster.namespace, name: "stubborn" }, WAIT_MS);
  const tookMs = performance.now() - started;
  assert.ok(tookMs > 900 && tookMs < 5000, `${tookMs} ms`);
});

test("OnFailure restarts; the log of the attempt before is kept", async () => {
  await create("again", {
    restartPolicy: "OnFailure",
    containers: [sh("c", "echo try; test -e /v/f || { touch /v/f; exit 1; }; echo done", mounts("/v"))],
    volumes: [{ name: "v", emptyDir: {} }],
  });
  const { status } = await ended("again");
  const [container] = status?.containerStatuses ?? [];
  assert.deepEqual([status?.phase, container?.restartCount], ["Succeeded", 1]);
  assert.equal(container?.lastState?.terminated?.exitCode, 1);
  assert.equal(await log("again"), "try\ndone\n");
  assert.equal(await log("again", "?previous=true"), "try\n");
});

test("FallbackToLogsOnError takes the end of the log as message", async () => {
  const container = sh("c", "echo why >&2; exit 2", { terminationMessagePolicy: "FallbackToLogsOnError" });
  await create("fallback", { containers: [container] });
  const { status } = await ended("fallback");
  assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.message, "why\n");
});

test("more memory than the limit is OOMKilled with exit code 137", async (t) => {
  if (skipElsewhere(cluster, t, NOT_OURS)) return;
  const eat = "let a=[]; setInterval(() => a.push(Buffer.alloc(2e7, 1)), 10)";
  const directory = process.execPath.slice(0, process.execPath.lastIndexOf("/"));
  const hog: Container = {
    name: "c",
    image: IMAGE,
    command: ["/node/node", "-e", eat],
    resources: { limits: { memory: "200Mi" } },
    volumeMounts: [{ name: "node", mountPath: "/node", readOnly: true }],
  };
  await create("hungry", { containers: [hog], volumes: [{ name: "node", hostPath: { path: directory } }] });
  const { status } = await ended("hungry");
  const terminated = status?.containerStatuses?.[0]?.state?.terminated;
  assert.deepEqual([terminated?.reason, terminated?.exitCode], ["OOMKilled", 137]);
});

test("a pod that fits no node says why, and runs when the node fits", async (t) => {
  if (skipElsewhere(cluster, t, NOT_OURS)) return;
  await create("picky", { nodeSelector: { gpu: "yes" } });
  const { status } = await until("picky", (pod) => pod.status?.conditions?.[0]?.reason === "Unschedulable");
  assert.match(status?.conditions?.[0]?.message ?? "", /^0\/1 nodes are available: 1 node\(s\) didn't match/);
  const { items } = await cluster.client.list(nodes);
  await cluster.client.patch(
    nodes,
    { name: items[0]?.metadata.name ?? "" },
    { metadata: { labels: { gpu: "yes" } } },
  );
  assert.equal((await ended("picky")).status?.phase, "Succeeded");
});
