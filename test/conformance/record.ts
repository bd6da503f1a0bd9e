import { writeFile } from "node:fs/promises";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import type { Transport } from "../../src/client/transport.ts";
import { ask, collectEvents, readScenario, scenarioFile, send, type Answer, type Step } from "./replay.ts";

/**
 * Records scenarios again from a real API server: `TEST_KUBECONFIG=… node test/conformance/record.ts NAME…`.
 * A scenario is its file in test/fixtures/kubernetes: the requests in it are sent as they are, each
 * scenario in a fresh namespace, and the answers are written beside them. A new scenario starts as a file
 * of requests without answers.
 */

/** What of one machine and its build an answer may show, and what stands for it. */
const MACHINE: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN CERTIFICATE-----[^"]*?-----END CERTIFICATE-----(\\n)?/g, ""],
  [/\b[\w./-]+\/(kubernetes\/(?:pkg|vendor|staging)\/)/g, "k8s.io/$1"],
];

/** What prepareNamespace in recorded.test.ts puts there as well. */
const PUT_INTO_EACH_NAMESPACE = ["kube-root-ca.crt", "openshift-service-ca.crt"];

/** Without its own name the client would be the manager of every field. */
function nameless(transport: Transport): Transport {
  return (request) => transport({ ...request, headers: { "user-agent": "unknown", ...request.headers } });
}

function written<T>(value: T, namespace: string): T {
  let text = JSON.stringify(value).replaceAll(namespace, "{{ns}}");
  for (const [pattern, replacement] of MACHINE) text = text.replace(pattern, replacement);
  return JSON.parse(text) as T;
}

/** A namespace with what the controllers put into each: from then on only the scenario changes it. */
async function createNamespace(transport: Transport, name: string): Promise<void> {
  const contentType = "application/json";
  const body = { metadata: { name } };
  const created = await send(transport, { method: "POST", path: "/api/v1/namespaces", contentType, body });
  if (created.status !== 201) throw new Error(`namespace ${name}: ${await created.text()}`);
  const path = `/api/v1/namespaces/${name}/configmaps?watch=true`;
  const watch = await send(transport, { method: "GET", path }, AbortSignal.timeout(30_000));
  let seen = "";
  for await (const chunk of watch.chunks()) {
    seen += Buffer.from(chunk).toString("utf8");
    if (PUT_INTO_EACH_NAMESPACE.every((name) => seen.includes(name))) break;
  }
}

async function recordScenario(transport: Transport, name: string, namespace: string): Promise<void> {
  const steps = await readScenario(name);
  const recorded: Step[] = [];
  const answers = new Map<string, Answer>();
  const watches: ReturnType<typeof collectEvents>[] = [];
  for (const step of steps) {
    const { response: _response, events, ...kept } = step;
    if (events !== undefined) {
      const delivered = await watches.shift();
      if (delivered === undefined) throw new Error(`${name}/${step.name}: no watch was opened before`);
      recorded.push({ ...kept, events: written(delivered, namespace) });
    } else if (step.request?.ms !== undefined) {
      watches.push(collectEvents(transport, step.request, namespace, answers, step.request.ms));
      recorded.push(kept);
    } else {
      const { warning, ...answer } = await ask(transport, step, namespace, answers);
      answers.set(step.name, { warning, ...answer });
      const response = { ...answer, ...(warning === "" ? {} : { warning }) };
      recorded.push({ ...kept, response: written(response, namespace) });
    }
  }
  const server = "kube-apiserver v1.36.2 with kube-controller-manager, no node";
  const lines = recorded.map((step) => JSON.stringify(step)).join(",\n");
  const head = JSON.stringify({ scenario: name, server }).slice(1, -1);
  await writeFile(scenarioFile(name), `{${head},"steps":[\n${lines}\n]}\n`);
  process.stdout.write(`${name}: ${recorded.length} steps\n`);
}

const kubeconfig = process.env["TEST_KUBECONFIG"];
const names = process.argv.slice(2);
if (kubeconfig === undefined || names.length === 0) {
  process.stderr.write("usage: TEST_KUBECONFIG=PATH node test/conformance/record.ts SCENARIO...\n");
  process.exit(2);
}
const { transport } = await kubeconfigTransport({ paths: [kubeconfig] });
const client = nameless(transport);
for (const name of names) {
  const namespace = `recorded-${name}-${Date.now().toString(36)}`;
  await createNamespace(client, namespace);
  try {
    await recordScenario(client, name, namespace);
  } finally {
    await send(client, { method: "DELETE", path: `/api/v1/namespaces/${namespace}` });
  }
}
transport.close();
