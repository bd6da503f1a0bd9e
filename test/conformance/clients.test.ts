import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { KubeConfig, CoreV1Api, makeInformer } from "@kubernetes/client-node";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { locateTool } from "../../scripts/tools.ts";
import { createKubectl, type Kubectl } from "../support/kubectl.ts";
import { runOk } from "../support/run.ts";

/** Clients that this project did not write, against the API server over TLS. */

let dataDir: string;
let server: ApiServer;
let kubeconfig: string;
let kubectl: Kubectl;
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "clients-"));
  server = await createApiServer({ dataDir });
  kubeconfig = (await server.listen()).kubeconfigPath ?? "";
  kubectl = await createKubectl(kubeconfig, "default");
});
after(async () => {
  await server.close();
  await rm(dataDir, { recursive: true });
});

const deployment = (image: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "main", image, ports: [{ containerPort: 80 }] }] },
    },
  },
});

test("kubectl applies client-side: created, unchanged, configured", async () => {
  assert.match(await kubectl.apply(deployment("web:1")), /deployment\.apps\/web created/);
  assert.match(await kubectl.apply(deployment("web:1")), /unchanged/);
  assert.match(await kubectl.apply(deployment("web:2")), /configured/);
  const image = "-o=jsonpath={.spec.template.spec.containers[0].image}";
  assert.equal(await kubectl("get", "deploy", "web", image), "web:2");
});

test("kubectl applies server-side and tells of conflicts", async () => {
  assert.match(await kubectl.apply(deployment("web:2"), "--server-side"), /serverside-applied/);
  await assert.rejects(
    kubectl.apply(deployment("web:3"), "--server-side", "--field-manager=other"),
    /conflict with "kubectl": \.spec\.template\.spec\.containers\[name="main"\]\.image/,
  );
  const forced = await kubectl.apply(
    deployment("web:3"),
    "--server-side",
    "--field-manager=other",
    "--force-conflicts",
  );
  assert.match(forced, /serverside-applied/);
});

test("kubectl diff shows what an apply would change", async () => {
  const manifest = join(dataDir, "web.json");
  await writeFile(manifest, JSON.stringify(deployment("web:4")));
  const { code, stdout } = await kubectl.attempt(["diff", "-f", manifest]);
  assert.equal(code, 1);
  assert.match(stdout, /^-\s+- image: web:3$/m);
  assert.match(stdout, /^\+\s+- image: web:4$/m);
});

test("kubectl refuses a misspelt field, as it is asked to by default", async () => {
  const misspelt = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, dta: { a: "b" } };
  await assert.rejects(kubectl.apply(misspelt), /strict decoding error: unknown field "dta"/);
});

test("kubectl creates by name what it sends as protobuf", async () => {
  await kubectl("create", "job", "hello", "--image=busybox:1", "--", "echo", "hi");
  const fields =
    "-o=jsonpath={.spec.template.spec.containers[0].command} {.spec.template.spec.restartPolicy}";
  assert.equal(await kubectl("get", "job", "hello", fields), '["echo","hi"] Never');
  await kubectl("create", "deployment", "made", "--image=web:1", "--replicas=2", "--port=80");
  const ports = "-o=jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}";
  assert.equal(await kubectl("get", "deployment", "made", ports), "2 80");
  await kubectl("create", "service", "clusterip", "made", "--tcp=80:8080");
  assert.equal(await kubectl("get", "service", "made", "-o=jsonpath={.spec.ports[0].targetPort}"), "8080");
  await kubectl("create", "secret", "generic", "s", "--from-literal=a=b");
  assert.equal(await kubectl("get", "secret", "s", "-o=jsonpath={.data.a}"), "Yg==");
  await kubectl("delete", "job/hello", "deployment/made", "service/made", "secret/s");
});

test("kubectl edits, labels, patches, waits and deletes", async () => {
  await kubectl("create", "configmap", "c", "--from-literal=a=1");
  const editor = join(dataDir, "editor");
  await writeFile(editor, `#!/bin/sh\nsed -i 's/a: "1"/a: two/' "$1"\n`, { mode: 0o755 });
  await kubectl.attempt(["edit", "configmap", "c"], { env: { KUBE_EDITOR: editor } });
  assert.equal(await kubectl("get", "configmap", "c", "-o=jsonpath={.data.a}"), "two");
  await kubectl("label", "configmap", "c", "colour=red");
  await kubectl("patch", "configmap", "c", "-p", '{"data":{"b":"2"}}');
  await kubectl("wait", "--for=jsonpath={.data.b}=2", "configmap/c", "--timeout=5s");
  assert.match(await kubectl("describe", "configmap", "c"), /colour=red/);
  assert.match(await kubectl("get", "configmaps", "-l", "colour=red"), /^NAME\s+DATA\s+AGE\nc\s+2\s/);
  await kubectl("delete", "configmap", "c");
});

test("kubectl explains built-in and custom kinds", async () => {
  assert.match(await kubectl("explain", "pod.spec.containers"), /imagePullPolicy\s+<string>/);
  await kubectl("apply", "-k", fileURLToPath(new URL("../../config/crd", import.meta.url)));
  await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=10s");
  assert.match(await kubectl("explain", "agentrun.spec.prompt"), /FIELD: prompt <string>/);
});

test("kubectl knows who may do what", async () => {
  await kubectl("create", "serviceaccount", "robot");
  await kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps");
  await kubectl("create", "rolebinding", "robot", "--role=reader", "--serviceaccount=default:robot");
  const asRobot = "--as=system:serviceaccount:default:robot";
  assert.equal(await kubectl("auth", "can-i", "list", "configmaps", asRobot), "yes\n");
  const { stdout } = await kubectl.attempt(["auth", "can-i", "delete", "configmaps", asRobot]);
  assert.equal(stdout, "no\n");
  const token = (await kubectl("create", "token", "robot")).trim();
  assert.equal(token.split(".").length, 3);
});

test("kubectl reads raw paths and lists what is served", async () => {
  assert.equal(await kubectl("get", "--raw", "/readyz"), "ok");
  assert.match(await kubectl("api-resources"), /^jobs\s+batch\/v1\s+true\s+Job$/m);
  assert.match(await kubectl("version"), /Server Version: v1\.36\./);
});

test("kubectl is told what is not served", async () => {
  await kubectl("run", "idle", "--image=any", "--restart=Never");
  for (const [subresource, ...args] of [
    ["exec", "exec", "idle", "--", "ls"],
    ["attach", "attach", "idle"],
  ]) {
    const { stderr } = await kubectl.attempt(args);
    assert.match(stderr, new RegExp(`the development cluster does not serve pods/${subresource}`));
  }
  await kubectl("delete", "pod", "idle", "--grace-period=0", "--force");
});

test("helm installs, upgrades and uninstalls a chart", { timeout: 60_000 }, async () => {
  const helm = await locateTool("helm");
  const chart = join(dataDir, "chart");
  await mkdir(join(chart, "templates"), { recursive: true });
  await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: small\nversion: 1.0.0\n");
  await writeFile(
    join(chart, "templates", "config.yaml"),
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  colour: {{ .Values.colour }}\n",
  );
  const env = { ...process.env, KUBECONFIG: kubeconfig, HELM_CACHE_HOME: dataDir, HELM_CONFIG_HOME: dataDir };
  const colour = () => kubectl("get", "configmap", "mine", "-o=jsonpath={.data.colour}");
  await runOk(helm, ["install", "mine", chart, "--set", "colour=red"], { env });
  assert.equal(await colour(), "red");
  await runOk(helm, ["upgrade", "mine", chart, "--set", "colour=blue"], { env });
  assert.equal(await colour(), "blue");
  await runOk(helm, ["uninstall", "mine"], { env });
  assert.equal(await kubectl("get", "configmap", "mine", "--ignore-not-found"), "");
});

test("the official JavaScript client's informer follows objects", { timeout: 30_000 }, async () => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const namespace = "default";
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, () =>
    api.listNamespacedSecret({ namespace }),
  );
  const seen: string[] = [];
  const done = new Promise<void>((resolve) => {
    informer.on("add", (secret) => seen.push(`add ${secret.metadata?.name}`));
    informer.on("update", (secret) => seen.push(`update ${secret.metadata?.name}`));
    informer.on("delete", (secret) => {
      seen.push(`delete ${secret.metadata?.name}`);
      resolve();
    });
  });
  await informer.start();
  await api.createNamespacedSecret({ namespace, body: { metadata: { name: "s" }, stringData: { a: "1" } } });
  await kubectl("label", "secret", "s", "a=b");
  await api.deleteNamespacedSecret({ namespace, name: "s" });
  await done;
  await informer.stop();
  assert.deepEqual(
    seen.filter((line) => line.endsWith(" s")),
    ["add s", "update s", "delete s"],
  );
});
