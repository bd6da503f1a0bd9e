import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { createClient, type Client } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { bodyOf, type HttpRequest, type Transport } from "../../src/client/transport.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import { configMaps, type ConfigMap } from "../../src/kube/builtin.ts";
import { customResourceDefinitions } from "../../src/kube/cluster-kinds.ts";
import type { Condition, KubeObject } from "../../src/kube/objects.ts";
import { resourceType } from "../../src/kube/resources.ts";
import { carryOut, type CarryOutContext } from "../../src/runtime/carry-out.ts";
import type { Plan } from "../../src/kube/plan.ts";
import { NotLeadingError } from "../../src/runtime/retry.ts";
import { startTestApiServer, type TestApiServer } from "../support/api-server.ts";
import { waitFor } from "../support/wait-for.ts";

interface WidgetStatus {
  phase?: string;
  count?: number;
  detail?: Record<string, string>;
}
interface Widget extends KubeObject {
  spec: { size?: number };
  status?: WidgetStatus;
}
const widgets = resourceType<Widget>("test.example.com", "v1", "widgets", "Widget");

const stack = new AsyncDisposableStack();
let server: TestApiServer;
/** Every request of the client under test. */
const requests: HttpRequest[] = [];
let client: Client;

before(
  async () => {
    server = await startTestApiServer(stack);
    const transport = createHttpsTransport(server.options);
    stack.defer(() => transport.close());
    const recorded: Transport = (request) => {
      requests.push(request);
      return transport(request);
    };
    client = createClient(recorded);
    await installWidgets();
  },
  { timeout: 20_000 },
);
after(() => stack.disposeAsync(), { timeout: 20_000 });

/** A kind with a status subresource, established when this resolves. */
async function installWidgets(): Promise<void> {
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const properties = { spec: anything, status: anything };
  await server.client.create(customResourceDefinitions, {
    metadata: { name: "widgets.test.example.com" },
    spec: {
      group: "test.example.com",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: "object", properties } },
        },
      ],
    },
  } as KubeObject);
  stack.defer(() => server.client.delete(customResourceDefinitions, { name: "widgets.test.example.com" }));
  const definition = resourceType<Definition>(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    false,
  );
  const isEstablished = ({ status }: Definition): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true;
  await waitFor(server.client, definition, { name: "widgets.test.example.com" }, isEstablished, 10_000);
}

interface Definition extends KubeObject {
  status?: { conditions?: Condition[] };
}

let named = 0;
async function newWidget(): Promise<Widget> {
  named += 1;
  const metadata = { namespace: server.namespace, name: `widget-${named}` };
  const widget = await server.client.create(widgets, { metadata, spec: {} });
  requests.length = 0;
  return widget;
}

function nothing(): Plan<WidgetStatus> {
  return { create: [], remove: [], events: [], requeue: "onChange" };
}

function childOf(owner: Widget, name: string): { type: typeof configMaps; object: ConfigMap } {
  const { name: widget = "", uid = "" } = owner.metadata;
  const ownerReferences = [
    { apiVersion: "test.example.com/v1", kind: "Widget", name: widget, uid, controller: true },
  ];
  return {
    type: configMaps,
    object: { metadata: { namespace: server.namespace, name, ownerReferences }, data: { by: "us" } },
  };
}

/** A context that keeps what is put into caches. */
function scene(more: Partial<CarryOutContext> = {}) {
  const put: { name: string; ours: boolean }[] = [];
  const origin = {};
  const context: CarryOutContext = {
    client,
    origin,
    put: (_type, object, from) => void put.push({ name: object.metadata.name ?? "", ours: from === origin }),
    ...more,
  };
  return { context, put };
}

function sent(): string[] {
  return requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);
}

test("children, removals, events and status come in this order", async () => {
  const owner = await newWidget();
  const old = await server.client.create(configMaps, childOf(owner, "old-1").object);
  const steps: string[] = [];
  const { context, put } = scene({ record: (_type, _object, event) => void steps.push(event.reason) });
  const recordAt: number[] = [];
  const carried = await carryOut(
    { ...context, record: (...event) => (recordAt.push(requests.length), context.record?.(...event)) },
    widgets,
    owner,
    {
      create: [childOf(owner, "child-1"), childOf(owner, "child-2")],
      remove: [
        {
          type: configMaps,
          namespace: server.namespace,
          name: "old-1",
          uid: old.metadata.uid ?? "",
          propagationPolicy: "Background",
        },
      ],
      events: [{ type: "Normal", reason: "Started", action: "Start", note: "x" }],
      status: { phase: "Started" },
      requeue: "onChange",
    },
  );
  assert.deepEqual(sent(), ["POST configmaps", "POST configmaps", "DELETE old-1", "PATCH status"]);
  assert.deepEqual(recordAt, [3]);
  assert.deepEqual(steps, ["Started"]);
  assert.ok(carried.outcome === "done");
  assert.equal(carried.object.status?.phase, "Started");
  assert.deepEqual(put, [
    { name: "child-1", ours: true },
    { name: "child-2", ours: true },
    { name: owner.metadata.name, ours: true },
  ]);
});

test("a status that does not change sends nothing, one that does only what differs", async () => {
  let owner = await newWidget();
  const status: WidgetStatus = { phase: "A", count: 1, detail: { x: "1", y: "2" } };
  const first = await carryOut(scene().context, widgets, owner, { ...nothing(), status });
  assert.ok(first.outcome === "done");
  owner = first.object;
  requests.length = 0;
  await carryOut(scene().context, widgets, owner, { ...nothing(), status: structuredClone(status) });
  await carryOut(scene().context, widgets, owner, nothing());
  assert.equal(requests.length, 0);
  const second = await carryOut(scene().context, widgets, owner, {
    ...nothing(),
    status: { phase: "A", detail: { x: "1", y: "3" } },
  });
  const { resourceVersion, uid } = owner.metadata;
  assert.deepEqual(JSON.parse(bodyOf(requests[0] ?? {}) ?? ""), {
    metadata: { resourceVersion, uid },
    status: { count: null, detail: { y: "3" } },
  });
  assert.ok(second.outcome === "done");
  assert.deepEqual(second.object.status, { phase: "A", detail: { x: "1", y: "3" } });
});

test("a status made from an outdated object is a conflict, after which the live one is in the cache", async () => {
  const owner = await newWidget();
  const { namespace = "", name = "" } = owner.metadata;
  await server.client.patch(widgets, { namespace, name }, { spec: { size: 2 } });
  const { context, put } = scene();
  await assert.rejects(carryOut(context, widgets, owner, { ...nothing(), status: { phase: "A" } }), {
    code: 409,
    reason: "Conflict",
  });
  assert.deepEqual(put, [{ name, ours: false }]);
  const live = await server.client.get(widgets, { namespace, name });
  assert.equal(live.status, undefined);
});

test("a child that exists already is ours if it has us as its owner, and told to the plan as news", async () => {
  const owner = await newWidget();
  const child = childOf(owner, "ours");
  await server.client.create(configMaps, child.object);
  const { context, put } = scene();
  const carried = await carryOut(context, widgets, owner, { ...nothing(), create: [child] });
  assert.equal(carried.outcome, "done");
  assert.deepEqual(put, [{ name: "ours", ours: false }]);
});

test("a name that somebody else holds stops the plan, and what is theirs stays as it is", async () => {
  const owner = await newWidget();
  await server.client.create(configMaps, {
    metadata: { namespace: server.namespace, name: "theirs" },
    data: { by: "them" },
  });
  requests.length = 0;
  const carried = await carryOut(scene().context, widgets, owner, {
    ...nothing(),
    create: [childOf(owner, "theirs"), childOf(owner, "after-theirs")],
    status: { phase: "Started" },
  });
  assert.ok(carried.outcome === "nameTaken");
  assert.deepEqual(
    [carried.kind, carried.name, carried.holder.metadata.name],
    ["ConfigMap", "theirs", "theirs"],
  );
  assert.deepEqual(sent(), ["POST configmaps", "GET theirs"]);
  const theirs = await server.client.get(configMaps, { namespace: server.namespace, name: "theirs" });
  assert.deepEqual(theirs.data, { by: "them" });
});

test("a child that the server does not accept is an answer with the server's own words", async () => {
  const owner = await newWidget();
  const wrong = childOf(owner, "Not_A_Name");
  const carried = await carryOut(scene().context, widgets, owner, { ...nothing(), create: [wrong] });
  assert.ok(carried.outcome === "refused");
  assert.equal(carried.error.code, 422);
  assert.match(carried.message, /"Not_A_Name" is invalid: metadata\.name: Invalid value/);
});

test("a removal is of that very object, never of a successor with its name", async () => {
  const owner = await newWidget();
  await server.client.create(configMaps, childOf(owner, "successor").object);
  const removal = {
    type: configMaps,
    namespace: server.namespace,
    uid: "the-uid-of-the-one-before",
    propagationPolicy: "Background" as const,
  };
  const carried = await carryOut(scene().context, widgets, owner, {
    ...nothing(),
    remove: [
      { ...removal, name: "successor" },
      { ...removal, name: "never-there" },
    ],
  });
  assert.equal(carried.outcome, "done");
  await server.client.get(configMaps, { namespace: server.namespace, name: "successor" });
});

/** A client whose first writes to a child meet another's at the same moment. */
function meeting(conflicts: number): { client: Client; tries: string[] } {
  const tries: string[] = [];
  const transport: Transport = (request) => {
    if (!["PATCH", "DELETE"].includes(request.method)) return inner(request);
    tries.push(request.method);
    if (tries.length > conflicts) return inner(request);
    const status = { kind: "Status", status: "Failure", reason: "Conflict", code: 409, message: "try again" };
    const body = Buffer.from(JSON.stringify(status));
    return Promise.resolve({
      status: 409,
      headers: {},
      text: () => Promise.resolve(body.toString()),
      bytes: () => Promise.resolve(body),
      chunks: () => Readable.from([body]),
    });
  };
  const inner = createHttpsTransport(server.options);
  stack.defer(() => inner.close());
  return { client: createClient(transport), tries };
}

test("a removal and a patch that meet another's write are tried again at once", async () => {
  const owner = await newWidget();
  const { namespace } = server;
  for (const what of ["patch", "remove"] as const) {
    const name = `meets-${what}`;
    const { metadata } = await server.client.create(configMaps, childOf(owner, name).object);
    const child = { type: configMaps, namespace, name, uid: metadata.uid ?? "" };
    const { client: twice, tries } = meeting(2);
    await carryOut(scene({ client: twice }).context, widgets, owner, {
      ...nothing(),
      ...(what === "patch"
        ? { patches: [{ ...child, patch: { spec: {} } }] }
        : { remove: [{ ...child, propagationPolicy: "Background" }] }),
    });
    assert.equal(tries.length, 3);
  }
  const gone = server.client.get(configMaps, { namespace, name: "meets-remove" });
  await assert.rejects(gone, (error) => isApiError(error, "NotFound"));
});

test("a removal that meets another's write every time is left to the next reconcile", async () => {
  const owner = await newWidget();
  const { client: always, tries } = meeting(Number.POSITIVE_INFINITY);
  const child = { type: configMaps, namespace: server.namespace, name: "any", uid: "any" };
  const plan = { ...nothing(), remove: [{ ...child, propagationPolicy: "Background" as const }] };
  const carried = carryOut(scene({ client: always }).context, widgets, owner, plan);
  await assert.rejects(carried, (error) => isApiError(error, "Conflict"));
  assert.equal(tries.length, 4);
});

test("an owner that is gone is told as such", async () => {
  const owner = await newWidget();
  const { namespace = "", name = "" } = owner.metadata;
  await server.client.delete(widgets, { namespace, name });
  const carried = await carryOut(scene().context, widgets, owner, { ...nothing(), status: { phase: "A" } });
  assert.deepEqual(carried, { outcome: "gone" });
});

test("who no longer leads writes nothing", async () => {
  const owner = await newWidget();
  const permit = (): void => {
    throw new NotLeadingError();
  };
  const plan = { ...nothing(), create: [childOf(owner, "late")], status: { phase: "Late" } };
  await assert.rejects(carryOut(scene({ permit }).context, widgets, owner, plan), NotLeadingError);
  await assert.rejects(
    carryOut(scene({ permit }).context, widgets, owner, { ...plan, create: [] }),
    NotLeadingError,
  );
  assert.equal(requests.length, 0);
});

test("finalizers are put on before the children exist, and taken off after the status is written", async () => {
  const owner = await newWidget();
  const { context, put } = scene();
  const held = await carryOut(context, widgets, owner, {
    ...nothing(),
    finalizers: { "example.com/ours": true, "example.com/unwanted": false },
    create: [childOf(owner, "held-1")],
    status: { phase: "Held" },
  });
  assert.equal(held.outcome, "done");
  assert.deepEqual(sent(), [`PATCH ${owner.metadata.name}`, "POST configmaps", "PATCH status"]);
  assert.deepEqual(put.at(0), { name: owner.metadata.name, ours: true });

  const at = { namespace: server.namespace, name: owner.metadata.name ?? "" };
  const theirs = { metadata: { finalizers: ["example.com/ours", "example.com/theirs"] } };
  const before = await server.client.patch(widgets, at, theirs, { type: "merge" });
  requests.length = 0;
  const again = await carryOut(context, widgets, before, {
    ...nothing(),
    finalizers: { "example.com/ours": true },
  });
  assert.deepEqual([again.outcome, sent()], ["done", []], "what is as it should be sends nothing");

  await carryOut(context, widgets, before, {
    ...nothing(),
    finalizers: { "example.com/ours": false },
    status: { phase: "Free" },
  });
  assert.deepEqual(sent(), ["PATCH status", `PATCH ${owner.metadata.name}`]);
  const after = await server.client.get(widgets, at);
  assert.deepEqual([after.metadata.finalizers, after.status?.phase], [["example.com/theirs"], "Free"]);
  await server.client.patch(widgets, at, { metadata: { finalizers: null } }, { type: "merge" });
});

test("an object that is being deleted takes no finalizer, and goes with the last one", async () => {
  const owner = await newWidget();
  const at = { namespace: server.namespace, name: owner.metadata.name ?? "" };
  await server.client.patch(widgets, at, { metadata: { finalizers: ["example.com/ours"] } });
  await server.client.delete(widgets, at);
  const going = await server.client.get(widgets, at);
  const { context } = scene();
  const plan = { ...nothing(), finalizers: { "example.com/ours": false, "example.com/late": true } };
  assert.equal((await carryOut(context, widgets, going, plan)).outcome, "done");
  await assert.rejects(server.client.get(widgets, at), /not found/);
});
