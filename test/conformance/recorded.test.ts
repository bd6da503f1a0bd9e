import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { createClient } from "../../src/client/client.ts";
import { startCaches, stopCaches } from "../../src/devcluster/controllers/caches.ts";
import { createEventRecorder } from "../../src/devcluster/controllers/events.ts";
import { startGarbageCollector } from "../../src/devcluster/controllers/garbage-collector.ts";
import { startJobController } from "../../src/devcluster/controllers/job.ts";
import { ask, collectEvents, mask, readScenario, send, type Answer, type Step } from "./replay.ts";

/** What a real kube-apiserver 1.36 answered, step by step, against this one. */

/** Knowingly different, at most five: their messages show Go's internal structs. The rest of each answer is equal. */
const GO_STRUCTS: ReadonlySet<string> = new Set([
  "builtins/pvc-immutable",
  "builtins/job-template-immutable",
]);

let server: ApiServer;
let controllers: readonly { stop(): Promise<unknown> }[] = [];

/** The recorded server had a controller manager and no scheduler or node. */
before(async () => {
  server = await createApiServer();
  const user = { name: "system:kube-controller-manager", groups: ["system:masters"] };
  const client = createClient(server.transport(user), { fieldManager: "kube-controller-manager" });
  const caches = await startCaches(client, (problem) => assert.fail(problem));
  const onError = (key: string, error: unknown) => assert.fail(`${key}: ${String(error)}`);
  controllers = [
    startGarbageCollector({ client, onError }),
    startJobController({
      client,
      caches,
      recordEvent: createEventRecorder(client, "job-controller"),
      onError,
    }),
    { stop: () => stopCaches(caches) },
  ];
});
after(async () => {
  await Promise.all(controllers.map((controller) => controller.stop()));
  await server.close();
});

const SCENARIOS = [
  "configmaps",
  "finalizers",
  "ownership",
  "watching",
  "customresources",
  "builtins",
  // Recorded by record.ts.
  "options",
  "metadata",
  "patches",
  "applying",
  "deletions",
  "paths",
  "pods",
  "containers",
  "jobs",
  "workloads",
  "webhook-configurations",
  "kept-data",
  "roles",
  "definitions",
  "definition-rules",
  "pod-security",
];

for (const scenario of SCENARIOS) {
  test(`the recorded scenario ${scenario}`, async (t) => {
    const steps = await readScenario(scenario);
    const namespace = `recorded-${scenario}`;
    await prepareNamespace(namespace);
    const answers = new Map<string, Answer>();
    const watches: Promise<{ status: number; events: unknown[] }>[] = [];
    for (const step of steps) {
      const run = async () => {
        if (step.request?.ms !== undefined) {
          const ms = Math.min(step.request.ms, 300);
          watches.push(collectEvents(server.transport(), step.request, namespace, answers, ms));
          return;
        }
        if (step.events !== undefined) {
          const delivered = await watches.shift();
          assert.deepEqual(mask(delivered, namespace), mask(step.events, "{{ns}}"));
          return;
        }
        const answer = await ask(server.transport(), step, namespace, answers);
        answers.set(step.name, answer);
        compare(step, answer, namespace, GO_STRUCTS.has(`${scenario}/${step.name}`));
      };
      await t.test(step.name, run);
    }
  });
}

/** The namespace as it was when recording began, with what that server's controllers had put there. */
async function prepareNamespace(name: string): Promise<void> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const answer = await send(server.transport(), {
      method: "POST",
      path: `${path}?fieldManager=kube-controller-manager`,
      contentType: "application/json",
      body,
    });
    assert.ok(answer.status === 201 || answer.status === 409, await answer.text());
  };
  await send(server.transport(), {
    method: "POST",
    path: "/api/v1/namespaces?fieldManager=unknown",
    contentType: "application/json",
    body: { metadata: { name } },
  });
  const configMaps = `/api/v1/namespaces/${name}/configmaps`;
  await post(configMaps, {
    metadata: {
      name: "kube-root-ca.crt",
      annotations: {
        "kubernetes.io/description":
          "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
      },
    },
    data: { "ca.crt": "" },
  });
  await post(configMaps, {
    metadata: {
      name: "openshift-service-ca.crt",
      annotations: { "service.beta.openshift.io/inject-cabundle": "true" },
    },
    data: { "service-ca.crt": "" },
  });
}

function compare(step: Step, answer: Answer, namespace: string, withGoStructs: boolean): void {
  const expected = step.response;
  assert.ok(expected);
  const shown = (body: unknown): unknown => (withGoStructs ? withoutGoStructs(body) : body);
  assert.deepEqual(
    {
      status: answer.status,
      contentType: answer.contentType,
      warning: answer.warning,
      body: mask(shown(answer.body), namespace),
    },
    {
      status: expected.status,
      contentType: expected.contentType,
      warning: expected.warning ?? "",
      body: mask(shown(expected.body), "{{ns}}"),
    },
  );
}

/** The body with its messages cut where a Go struct, or a difference of two, begins. */
function withoutGoStructs(body: unknown): unknown {
  const text = JSON.stringify(body, (key, value: unknown) =>
    key === "message" && typeof value === "string"
      ? value.replace(/(Invalid value: \{|\n@@).*$/s, "")
      : value,
  );
  return JSON.parse(text) as unknown;
}
