import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { dirname } from "node:path";
import { test, type TestContext } from "node:test";
import { pods, secrets, type Pod } from "../../src/kube/builtin.ts";
import { services } from "../../src/kube/cluster-kinds.ts";
import { useCluster } from "../support/cluster.ts";
import { eventOf, sh, skipElsewhere, usePods } from "../support/pods.ts";
import { waitForAbsence } from "../support/wait-for.ts";

const cluster = useCluster({ operator: false, pods: "anywhere" });
const { create, until, ended, log } = usePods(cluster);
/** A first process must ask for signals to get them. */
const SERVE = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

const NOT_REACHED = "pods of another cluster do not reach this process";

const statusOf = ({ status }: Pod) => status?.containerStatuses?.[0];

test("the postStart hook runs in the container, beside its command", async () => {
  const script = "while ! test -e /tmp/hooked; do sleep 0.05; done; cat /tmp/hooked";
  const command = ["sh", "-c", `echo "it's $NAME" > /tmp/hooked`];
  const env = [{ name: "NAME", value: "here" }];
  await create("post-start", {
    containers: [sh("c", script, { env, lifecycle: { postStart: { exec: { command } } } })],
  });
  assert.equal((await ended("post-start")).status?.phase, "Succeeded");
  assert.equal(await log("post-start"), "it's here\n");
});

test("a postStart hook that fails ends the container", async () => {
  const lifecycle = { postStart: { exec: { command: ["sh", "-c", "exit 3"] } } };
  await create("bad-start", {
    terminationGracePeriodSeconds: 5,
    containers: [sh("c", SERVE, { lifecycle })],
  });
  assert.equal(await eventOf(cluster, "bad-start", "FailedPostStartHook"), "PostStartHook failed");
  await ended("bad-start");
});

test("the preStop hook runs before the signal", async () => {
  const lifecycle = { preStop: { exec: { command: ["sh", "-c", "sleep 0.2; echo hook > /tmp/said"] } } };
  const script = "trap 'cat /tmp/said; echo signal; exit 0' TERM; echo up; while :; do sleep 0.1; done";
  await create("pre-stop", { containers: [sh("c", script, { lifecycle })] });
  await until("pre-stop", ({ status }) => status?.phase === "Running");
  const path = `/api/v1/namespaces/${cluster.namespace}/pods/pre-stop/log?follow=true`;
  let said = "";
  let asked = false;
  for await (const chunk of await cluster.client.getStream(path)) {
    said += Buffer.from(chunk).toString();
    if (asked || !said.includes("up\n")) continue;
    asked = true;
    await cluster.client.delete(pods, { namespace: cluster.namespace, name: "pre-stop" });
  }
  assert.equal(said, "up\nhook\nsignal\n");
  await waitForAbsence(cluster.client, pods, { namespace: cluster.namespace, name: "pre-stop" });
});

/** A server on this machine that answers 200 where `isWell` says so of the path, else 500. Ends with the test. */
async function serveHealth(t: TestContext, isWell: (path: string) => boolean): Promise<number> {
  const server = createServer((request, response) => {
    response.statusCode = isWell(request.url ?? "") ? 200 : 500;
    response.end();
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

test("a command as readiness probe makes a container ready", async () => {
  const script = "test -e /tmp/ready || { touch /tmp/asked; echo not yet; exit 1; }";
  const readinessProbe = { exec: { command: ["sh", "-c", script] }, periodSeconds: 1 };
  const main = `while ! test -e /tmp/asked; do sleep 0.1; done; touch /tmp/ready; ${SERVE}`;
  await create("ready", {
    terminationGracePeriodSeconds: 1,
    containers: [sh("c", main, { readinessProbe })],
  });
  assert.equal(await eventOf(cluster, "ready", "Unhealthy"), "Readiness probe failed: not yet");
  await until("ready", (pod) => statusOf(pod)?.ready === true);
  await cluster.client.delete(pods, { namespace: cluster.namespace, name: "ready" });
});

test("a container is no longer ready when its probe says so", async (t) => {
  if (skipElsewhere(cluster, t, NOT_REACHED)) return;
  let ready = true;
  const port = await serveHealth(t, () => ready);
  const readinessProbe = { httpGet: { port }, periodSeconds: 1, failureThreshold: 1 };
  await create("unready", {
    terminationGracePeriodSeconds: 1,
    containers: [sh("c", SERVE, { readinessProbe })],
  });
  await until("unready", (pod) => statusOf(pod)?.ready === true);
  ready = false;
  const { status } = await until("unready", (pod) => statusOf(pod)?.ready === false);
  assert.equal(status?.conditions?.find(({ type }) => type === "Ready")?.reason, "ContainersNotReady");
  assert.equal(
    await eventOf(cluster, "unready", "Unhealthy"),
    "Readiness probe failed: HTTP probe failed with statuscode: 500",
  );
  await cluster.client.delete(pods, { namespace: cluster.namespace, name: "unready" });
});

test("a container whose liveness probe fails is restarted; until it has started it is let alone", async (t) => {
  if (skipElsewhere(cluster, t, NOT_REACHED)) return;
  let healthy = false;
  const port = await serveHealth(t, (path) => path === "/started" || healthy);
  await create("lively", {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 1,
    containers: [
      sh("c", SERVE, {
        ports: [{ name: "web", containerPort: port }],
        startupProbe: { httpGet: { path: "/started", port: "web" }, periodSeconds: 1 },
        livenessProbe: { httpGet: { path: "/live", port }, periodSeconds: 1, failureThreshold: 2 },
      }),
    ],
  });
  await until("lively", (pod) => (statusOf(pod)?.restartCount ?? 0) > 0);
  healthy = true;
  assert.equal(
    await eventOf(cluster, "lively", "Unhealthy"),
    "Liveness probe failed: HTTP probe failed with statuscode: 500",
  );
  assert.equal(
    await eventOf(cluster, "lively", "Killing"),
    "Container c failed liveness probe, will be restarted",
  );
  await cluster.client.delete(pods, { namespace: cluster.namespace, name: "lively" });
});

test("what this node does not do is said in an event", async (t) => {
  if (skipElsewhere(cluster, t, "a real kubelet does it")) return;
  const livenessProbe = { grpc: { port: 1 } };
  await create("more", { containers: [sh("c", "true", { livenessProbe })] });
  assert.match(await eventOf(cluster, "more", "NotSupported"), /^spec\.containers\[0\]: gRPC probes/);
});

test("a projected volume holds files from everywhere, and a token that the API server knows", async () => {
  await cluster.client.create(secrets, {
    metadata: { name: "keys", namespace: cluster.namespace },
    stringData: { a: "1", b: "2" },
  });
  await create("projected", {
    containers: [
      sh("c", "cat /all/one/a /all/name /all/labels; test -s /all/ca.crt; cut -d. -f2 /all/token", {
        volumeMounts: [{ name: "all", mountPath: "/all", readOnly: true }],
      }),
    ],
    volumes: [
      {
        name: "all",
        projected: {
          sources: [
            { secret: { name: "keys", items: [{ key: "a", path: "one/a" }] } },
            { configMap: { name: "kube-root-ca.crt" } },
            { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
            { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
            { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
          ],
        },
      },
    ],
  });
  assert.equal((await ended("projected")).status?.phase, "Succeeded");
  const said = await log("projected");
  assert.ok(said.startsWith("1projected"));
  const claims: unknown = JSON.parse(Buffer.from(said.slice("1projected".length), "base64url").toString());
  assert.match(JSON.stringify(claims), new RegExp(`system:serviceaccount:${cluster.namespace}:default`));
});

test("a pod finds the API server by its environment, and the Service says the same", async (t) => {
  if (skipElsewhere(cluster, t, "needs this machine's bash")) return;
  const script = `
    test "$KUBERNETES_PORT" = "tcp://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
    exec 3<>"/dev/tcp/$KUBERNETES_SERVICE_HOST/$KUBERNETES_SERVICE_PORT" && echo "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT_HTTPS"`;
  await create("finds", { containers: [{ ...sh("c", ""), command: ["bash", "-ec", script] }] });
  assert.equal((await ended("finds")).status?.phase, "Succeeded");
  const { spec } = await cluster.client.get(services, { namespace: "default", name: "kubernetes" });
  assert.equal(await log("finds"), `${spec.clusterIP}:${spec.ports[0]?.port}\n`);
});

test("a pod has the identity of its service account, and the API server knows it", async (t) => {
  if (skipElsewhere(cluster, t, "needs this machine's Node")) return;
  const directory = dirname(process.execPath);
  const script = `
    const at = "/var/run/secrets/kubernetes.io/serviceaccount/";
    const [token, ca, namespace] = ["token", "ca.crt", "namespace"].map((name) => fs.readFileSync(at + name, "utf8"));
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
    const headers = { authorization: "Bearer " + token };
    https.get({ host, port, ca, headers, path: "/api/v1/namespaces/" + namespace + "/pods" }, (answer) => {
      answer.pipe(process.stdout);
    });`;
  await create("known", {
    containers: [
      {
        ...sh("c", ""),
        command: ["/node/node", "-e", script],
        volumeMounts: [{ name: "node", mountPath: "/node", readOnly: true }],
      },
    ],
    volumes: [{ name: "node", hostPath: { path: directory } }],
  });
  assert.equal((await ended("known")).status?.phase, "Succeeded", await log("known"));
  const who = `system:serviceaccount:${cluster.namespace}:default`;
  assert.match(await log("known"), new RegExp(`User \\\\"${who}\\\\" cannot list resource`));
});
