import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../src/client/client.ts";
import { startDevCluster } from "../../src/devcluster/cluster.ts";
import { configMaps, jobs, namespaces, persistentVolumeClaims, pods } from "../../src/kube/builtin.ts";
import type { ConfigMap, Job, PersistentVolumeClaim } from "../../src/kube/builtin.ts";
import type { KubeObject, OwnerReference } from "../../src/kube/objects.ts";
import { useCluster } from "../support/cluster.ts";
import { eventOf, IMAGE, sh, skipElsewhere, WAIT_MS } from "../support/pods.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { waitFor, waitForAbsence } from "../support/wait-for.ts";

/** A first process must ask for signals to get them. */
const STOPPABLE = "trap 'exit 143' TERM; sleep 60 & wait";
const cluster = useCluster({ operator: false, pods: "anywhere" });

/** For what depends on the embedded cluster's own storage classes. */
const OTHER_CLASSES = "another cluster has other storage classes";

function createJob(name: string, script: string, spec: Partial<Job["spec"]> = {}): Promise<Job> {
  const containers = [sh("main", script)];
  return cluster.client.create(jobs, {
    metadata: { name, namespace: cluster.namespace },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: "Never",
          // A shell that has not come to its trap yet does not hear the first signal.
          terminationGracePeriodSeconds: 2,
          containers,
        },
      },
      ...spec,
    },
  });
}

function has(type: string, status = "True") {
  return (job: Job): boolean =>
    job.status?.conditions?.some((one) => one.type === type && one.status === status) ?? false;
}

function finishedJob(name: string): Promise<Job> {
  const done = (job: Job): boolean => has("Complete")(job) || has("Failed")(job);
  return waitFor(cluster.client, jobs, { namespace: cluster.namespace, name }, done, WAIT_MS);
}

async function podsOf(job: string) {
  return (
    await cluster.client.list(pods, {
      namespace: cluster.namespace,
      labelSelector: `batch.kubernetes.io/job-name=${job}`,
    })
  ).items;
}

function createMap(name: string, metadata: Partial<ConfigMap["metadata"]> = {}): Promise<ConfigMap> {
  return cluster.client.create(configMaps, { metadata: { name, namespace: cluster.namespace, ...metadata } });
}

function ownedBy(owner: KubeObject, changes: Partial<OwnerReference> = {}): OwnerReference {
  const { name = "", uid = "" } = owner.metadata;
  return { apiVersion: "v1", kind: "ConfigMap", name, uid, ...changes };
}

test("a Job counts its pods once and completes", async () => {
  await createJob("count", "exit 0", { completions: 3, parallelism: 2 });
  const { status } = await finishedJob("count");
  assert.deepEqual([status?.succeeded, status?.failed, status?.active], [3, undefined, undefined]);
  assert.deepEqual(
    status?.conditions?.map(({ type }) => type),
    ["SuccessCriteriaMet", "Complete"],
  );
  const owned = await podsOf("count");
  assert.equal(owned.length, 3);
  assert.ok(owned.every(({ metadata }) => metadata.finalizers === undefined));
  assert.match(owned[0]?.metadata.name ?? "", /^count-[a-z0-9]{5}$/);
});

test("a failing Job names its reason", async () => {
  await createJob("fails", "exit 5");
  const { status } = await finishedJob("fails");
  assert.deepEqual([status?.failed, status?.succeeded], [1, undefined]);
  assert.deepEqual(
    status?.conditions?.map(({ type, reason }) => [type, reason]),
    [
      ["FailureTarget", "BackoffLimitExceeded"],
      ["Failed", "BackoffLimitExceeded"],
    ],
  );
});

test("a Job past its deadline stops its pod, which goes", async () => {
  await createJob("deadline", STOPPABLE, { activeDeadlineSeconds: 1 });
  const { status } = await finishedJob("deadline");
  assert.equal(status?.conditions?.at(-1)?.reason, "DeadlineExceeded");
  assert.deepEqual(await podsOf("deadline"), []);
});

test("a suspended Job has no pods until it is resumed", async () => {
  await createJob("paused", "exit 0", { suspend: true });
  await waitFor(
    cluster.client,
    jobs,
    { namespace: cluster.namespace, name: "paused" },
    has("Suspended"),
    WAIT_MS,
  );
  assert.deepEqual(await podsOf("paused"), []);
  await cluster.client.patch(
    jobs,
    { namespace: cluster.namespace, name: "paused" },
    { spec: { suspend: false } },
  );
  assert.ok(has("Complete")(await finishedJob("paused")));
});

test("a finished Job with a time to live goes with its pods", async () => {
  await createJob("short-lived", "exit 0", { ttlSecondsAfterFinished: 1 });
  await finishedJob("short-lived");
  await waitForAbsence(cluster.client, jobs, { namespace: cluster.namespace, name: "short-lived" }, WAIT_MS);
  assert.deepEqual(await podsOf("short-lived"), []);
});

test("deleting a Job in the background ends its running pod", async () => {
  await createJob("running", STOPPABLE, {});
  const one = await waitFor(
    cluster.client,
    jobs,
    { namespace: cluster.namespace, name: "running" },
    ({ status }) => status?.ready === 1,
    WAIT_MS,
  );
  assert.equal(one.status?.active, 1);
  const [pod] = await podsOf("running");
  await cluster.client.delete(
    jobs,
    { namespace: cluster.namespace, name: "running" },
    { propagationPolicy: "Background" },
  );
  await waitForAbsence(
    cluster.client,
    pods,
    { namespace: cluster.namespace, name: pod?.metadata.name ?? "" },
    WAIT_MS,
  );
});

test("what lost its only owner is collected; what has another owner loses the reference", async () => {
  const [gone, stays] = [await createMap("gone"), await createMap("stays")];
  await createMap("child", { ownerReferences: [ownedBy(gone)] });
  await createMap("shared", { ownerReferences: [ownedBy(gone), ownedBy(stays)] });
  await cluster.client.delete(
    configMaps,
    { namespace: cluster.namespace, name: "gone" },
    { propagationPolicy: "Background" },
  );
  await waitForAbsence(cluster.client, configMaps, { namespace: cluster.namespace, name: "child" }, WAIT_MS);
  const shared = await waitFor(
    cluster.client,
    configMaps,
    { namespace: cluster.namespace, name: "shared" },
    ({ metadata }) => metadata.ownerReferences?.length === 1,
    WAIT_MS,
  );
  assert.equal(shared.metadata.ownerReferences?.[0]?.uid, stays.metadata.uid);
});

test("an object whose owner never was is collected", async () => {
  await createMap("lost", {
    ownerReferences: [ownedBy({ metadata: { name: "nobody", uid: "no-such-uid" } })],
  });
  await waitForAbsence(cluster.client, configMaps, { namespace: cluster.namespace, name: "lost" }, WAIT_MS);
});

test("foreground deletion waits for what blocks it", async () => {
  const owner = await createMap("front");
  const finalizers = ["example.com/hold"];
  await createMap("behind", { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })], finalizers });
  await cluster.client.delete(
    configMaps,
    { namespace: cluster.namespace, name: "front" },
    { propagationPolicy: "Foreground" },
  );
  const deleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
  await waitFor(
    cluster.client,
    configMaps,
    { namespace: cluster.namespace, name: "behind" },
    deleting,
    WAIT_MS,
  );
  assert.ok(deleting(await cluster.client.get(configMaps, { namespace: cluster.namespace, name: "front" })));
  await cluster.client.patch(
    configMaps,
    { namespace: cluster.namespace, name: "behind" },
    { metadata: { finalizers: null } },
  );
  await waitForAbsence(cluster.client, configMaps, { namespace: cluster.namespace, name: "front" }, WAIT_MS);
});

test("orphaning keeps the dependents and removes the reference", async () => {
  const owner = await createMap("parent");
  await createMap("orphan", { ownerReferences: [ownedBy(owner)] });
  await cluster.client.delete(
    configMaps,
    { namespace: cluster.namespace, name: "parent" },
    { propagationPolicy: "Orphan" },
  );
  await waitForAbsence(cluster.client, configMaps, { namespace: cluster.namespace, name: "parent" }, WAIT_MS);
  assert.equal(
    (await cluster.client.get(configMaps, { namespace: cluster.namespace, name: "orphan" })).metadata
      .ownerReferences,
    undefined,
  );
});

test("a namespace gets what pods expect, and goes with everything in it", async () => {
  const name = "going";
  await cluster.client.create(namespaces, { metadata: { name } });
  const root = await waitFor(
    cluster.client,
    configMaps,
    { namespace: name, name: "kube-root-ca.crt" },
    () => true,
    WAIT_MS,
  );
  assert.match(root.data?.["ca.crt"] ?? "", /^-----BEGIN CERTIFICATE-----/);
  await cluster.client.create(pods, {
    metadata: { name: "p", namespace: name },
    spec: {
      containers: [sh("c", STOPPABLE)],
      terminationGracePeriodSeconds: 1,
    },
  });
  await waitFor(
    cluster.client,
    pods,
    { namespace: name, name: "p" },
    ({ status }) => status?.phase === "Running",
    WAIT_MS,
  );
  await cluster.client.delete(namespaces, { name });
  await waitForAbsence(cluster.client, namespaces, { name }, WAIT_MS);
});

function createClaim(name: string, spec: PersistentVolumeClaim["spec"]): Promise<PersistentVolumeClaim> {
  const resources = { requests: { storage: "1Gi" } };
  return cluster.client.create(persistentVolumeClaims, {
    metadata: { name, namespace: cluster.namespace },
    spec: { resources, ...spec },
  });
}

test("a shared claim is bound at once", async (t) => {
  if (skipElsewhere(cluster, t, OTHER_CLASSES)) return;
  await createClaim("shared", { storageClassName: "nfs-csi", accessModes: ["ReadWriteMany"] });
  const bound = await waitFor(
    cluster.client,
    persistentVolumeClaims,
    { namespace: cluster.namespace, name: "shared" },
    ({ status }) => status?.phase === "Bound",
    WAIT_MS,
  );
  assert.deepEqual(bound.status?.accessModes, ["ReadWriteMany"]);
  assert.deepEqual(bound.status?.capacity, { storage: "1Gi" });
});

test("a claim without a class gets the default one and waits for its first consumer", async (t) => {
  if (skipElsewhere(cluster, t, OTHER_CLASSES)) return;
  await createClaim("waiting", { accessModes: ["ReadWriteOnce"] });
  assert.equal(
    await eventOf(cluster, "waiting", "WaitForFirstConsumer"),
    "waiting for first consumer to be created before binding",
  );
  const claim = await cluster.client.get(persistentVolumeClaims, {
    namespace: cluster.namespace,
    name: "waiting",
  });
  assert.deepEqual([claim.spec.storageClassName, claim.status?.phase], ["standard", "Pending"]);
});

test("a claim of a class that does not exist says so", async () => {
  await createClaim("classless", { storageClassName: "nowhere", accessModes: ["ReadWriteOnce"] });
  assert.equal(
    await eventOf(cluster, "classless", "ProvisioningFailed"),
    'storageclass.storage.k8s.io "nowhere" not found',
  );
});

test("claims that go while they are bound are no problem that is reported", { timeout: 60_000 }, async () => {
  await using directory = await temporaryDirectory();
  const problems: string[] = [];
  const onProblem = (message: string): void => void problems.push(message);
  const own = await startDevCluster({ dataDir: join(directory.path, "cluster"), onProblem });
  try {
    const client = createClient(own.transport);
    const tryOne = async (index: number, ms: number): Promise<void> => {
      const at = { name: `passing-${index}`, namespace: "default" };
      const spec = {
        storageClassName: "nfs-csi",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Mi" } },
      };
      await client.create(persistentVolumeClaims, { metadata: at, spec });
      await sleep(ms);
      await client.delete(persistentVolumeClaims, at);
      await waitForAbsence(client, persistentVolumeClaims, at, WAIT_MS);
    };
    const again = async (index: number): Promise<void> => {
      for (let round = 0; round < 20; round += 1) await tryOne(index, round * 7);
    };
    await Promise.all(Array.from({ length: 10 }, (_, index) => again(index)));
  } finally {
    await own.stop();
  }
  assert.deepEqual(problems, []);
});

test("standard volumes cannot be shared, and the event says so", async (t) => {
  if (skipElsewhere(cluster, t, OTHER_CLASSES)) return;
  await createClaim("greedy", { storageClassName: "standard", accessModes: ["ReadWriteMany"] });
  await cluster.client.create(pods, {
    metadata: { name: "consumer", namespace: cluster.namespace },
    spec: {
      containers: [
        { name: "c", image: IMAGE, command: ["true"], volumeMounts: [{ name: "v", mountPath: "/v" }] },
      ],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "greedy" } }],
    },
  });
  assert.match(
    await eventOf(cluster, "greedy", "ProvisioningFailed"),
    /NodePath only supports ReadWriteOnce/,
  );
});
