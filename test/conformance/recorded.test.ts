import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { fill, mask, readScenario, send, type Answer, type Step } from "./replay.ts";

/** What a real kube-apiserver 1.36 answered, step by step, against this one. */

/** Knowingly different, at most five. */
const unserved: Readonly<Record<string, string>> = {};

/** Without the controllers, what waits for them is left to the integration tests of the whole cluster. */
const needsControllers: Readonly<Record<string, string>> = {};

let server: ApiServer;
before(async () => {
  server = await createApiServer();
});
after(() => server.close());

for (const scenario of ["configmaps", "finalizers", "ownership", "watching", "customresources", "builtins"]) {
  test(`the recorded scenario ${scenario}`, async (t) => {
    const steps = await readScenario(scenario);
    const namespace = `recorded-${scenario}`;
    await prepareNamespace(namespace);
    const answers = new Map<string, Answer>();
    const watches: Promise<{ status: number; events: unknown[] }>[] = [];
    for (const step of steps) {
      const run = async () => {
        if (step.request?.ms !== undefined) {
          watches.push(watch(step.request, namespace, answers));
          return;
        }
        if (step.events !== undefined) {
          const delivered = await watches.shift();
          assert.deepEqual(mask(delivered, namespace), mask(step.events, "{{ns}}"));
          return;
        }
        const answer = await request(step, namespace, answers);
        answers.set(step.name, answer);
        compare(step, answer, namespace);
      };
      const reason = unserved[`${scenario}/${step.name}`] ?? needsControllers[`${scenario}/${step.name}`];
      await t.test(step.name, { skip: reason ?? false }, run);
    }
  });
}

async function prepareNamespace(name: string): Promise<void> {
  const transport = server.transport();
  const create = (path: string, body: unknown) =>
    send(transport, { method: "POST", path, contentType: "application/json", body });
  await create("/api/v1/namespaces", { metadata: { name } });
  await send(transport, {
    method: "PATCH",
    path: `/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt?fieldManager=kube-controller-manager`,
    contentType: "application/merge-patch+json",
    body: {},
  });
}

function filled<T>(value: T, namespace: string, answers: ReadonlyMap<string, Answer>): T {
  return JSON.parse(fill(JSON.stringify(value), namespace, answers)) as T;
}

async function request(step: Step, namespace: string, answers: ReadonlyMap<string, Answer>): Promise<Answer> {
  assert.ok(step.request);
  if (step.waitMs !== undefined) await delay(50);
  const response = await send(server.transport(), filled(step.request, namespace, answers));
  const text = await response.text();
  const contentType = response.headers["content-type"] ?? "";
  const body: unknown = contentType.startsWith("application/json") ? JSON.parse(text) : text;
  return { status: response.status, contentType, warning: response.headers["warning"] ?? "", body };
}

function compare(step: Step, answer: Answer, namespace: string): void {
  const expected = step.response;
  assert.ok(expected);
  assert.deepEqual(
    {
      status: answer.status,
      contentType: answer.contentType,
      warning: answer.warning,
      body: mask(answer.body, namespace),
    },
    {
      status: expected.status,
      contentType: expected.contentType,
      warning: expected.warning ?? "",
      body: mask(expected.body, "{{ns}}"),
    },
  );
}

async function watch(
  recorded: NonNullable<Step["request"]>,
  namespace: string,
  answers: ReadonlyMap<string, Answer>,
): Promise<{ status: number; events: unknown[] }> {
  const signal = AbortSignal.timeout(Math.min(recorded.ms ?? 0, 300));
  const response = await send(server.transport(), filled(recorded, namespace, answers), signal);
  let text = "";
  try {
    for await (const chunk of response.chunks()) text += Buffer.from(chunk).toString("utf8");
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  const lines = text.split("\n").filter((line) => line !== "");
  return { status: response.status, events: lines.map((line) => JSON.parse(line) as unknown) };
}
