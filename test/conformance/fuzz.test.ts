import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../src/client/transport.ts";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { readScenario, type Step } from "./replay.ts";

const REQUESTS = 20_000;

/** A small generator of numbers, so that a failure can be repeated. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const METHODS: HttpRequest["method"][] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const PATHS = [
  "/",
  "/api",
  "/api/v1/%zz",
  "/api/v1/namespaces/default/configmaps",
  "/api/v1/namespaces/default/configmaps/a",
  "/api/v1/namespaces/default/secrets/..%2f..",
  "/api/v1/namespaces/default/pods/p/log",
  "/api/v1/namespaces/default/pods/p/exec",
  "/api/v1/namespaces/default/pods/p/status",
  "/api/v1/namespaces/default/serviceaccounts/s/token",
  "/api/v1/namespaces/default/finalize",
  "/api/v1/nodes//",
  "/apis/batch/v1/namespaces/default/jobs",
  "/apis/batch/v1/namespaces/default/jobs/j/status",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com",
  "/apis/example.com/v1/namespaces/default/widgets/w",
  "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
  "/apis/events.k8s.io/v1/namespaces/default/events",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
  "/openapi/v3/api/v1",
  "/apis/%00/v1",
];
const QUERIES = [
  "",
  "?labelSelector=a%20in%20(",
  "?labelSelector=%00",
  "?fieldSelector=x%3D%3D%3D",
  "?fieldSelector=metadata.name%3Da%5C",
  "?limit=-1",
  "?limit=x",
  "?continue=e30",
  "?continue=%%%",
  "?resourceVersion=-5",
  "?resourceVersion=1&resourceVersionMatch=Exact",
  "?dryRun=No",
  "?fieldValidation=Maybe",
  "?fieldManager=%01",
  "?watch=true&timeoutSeconds=x&resourceVersion=99999999",
  "?sendInitialEvents=true&watch=true",
  "?gracePeriodSeconds=x",
  "?tailLines=-1",
];
const CONTENT_TYPES = [
  "application/json",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
  "application/yaml",
  "text/html",
  "",
];
const LEAVES: unknown[] = [
  null,
  0,
  -1,
  1e308,
  "",
  "a",
  "__proto__",
  "\u0000",
  "💥".repeat(50),
  true,
  [],
  {},
  [null],
  { "": null },
  "1Gi",
  "9".repeat(400),
];
const KEYS = [
  "metadata",
  "spec",
  "status",
  "data",
  "name",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
  "managedFields",
  "template",
  "containers",
  "volumes",
  "env",
  "resources",
  "requests",
  "rules",
  "versions",
  "schema",
  "openAPIV3Schema",
  "properties",
  "x-kubernetes-validations",
  "names",
  "group",
  "kind",
  "apiVersion",
  "__proto__",
  "constructor",
  "op",
  "path",
  "value",
  "$patch",
  "$setElementOrder/containers",
];

function randomValue(random: (limit: number) => number, depth: number): unknown {
  if (depth === 0 || random(4) === 0) return LEAVES[random(LEAVES.length)];
  if (random(4) === 0) return Array.from({ length: random(4) }, () => randomValue(random, depth - 1));
  const entries = Array.from({ length: 1 + random(5) }, () => [
    KEYS[random(KEYS.length)],
    randomValue(random, depth - 1),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function randomBody(random: (limit: number) => number): string {
  if (random(12) === 0) return ["", "{", "[[[[", "\u0000", "a: &a [*a]", "null"][random(6)] ?? "";
  const text = JSON.stringify(randomValue(random, 5));
  return random(15) === 0 ? text.slice(0, random(text.length)) : text;
}

/** A recorded request with one of its values replaced. */
function mutate(random: (limit: number) => number, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random(6) === 0) return randomValue(random, 2);
  const keys = Object.keys(value);
  const key = keys[random(keys.length)];
  if (key === undefined) return randomValue(random, 2);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (String(index) === key ? mutate(random, item) : item));
  }
  const changed = random(8) === 0 ? (KEYS[random(KEYS.length)] ?? key) : key;
  return { ...value, [changed]: mutate(random, (value as Record<string, unknown>)[key]) };
}

async function recordedRequests(): Promise<NonNullable<Step["request"]>[]> {
  const scenarios = await Promise.all(["configmaps", "customresources", "builtins"].map(readScenario));
  const requests = scenarios.flat().flatMap(({ request }) => (request === undefined ? [] : [request]));
  return requests.filter(({ body, path }) => body !== undefined && !path.includes("{{step"));
}

test(
  "no request, however malformed, crashes the server or is answered as its fault",
  { timeout: 120_000 },
  async () => {
    const random = createRandom(20_261_122);
    const bugs: unknown[] = [];
    const recorded = await recordedRequests();
    const server = await createApiServer({ onBug: (error) => bugs.push(error) });
    const transport = server.transport();
    const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    for (let index = 0; index < REQUESTS; index++) {
      const base = index % 2 === 0 ? pick(recorded) : undefined;
      const method = (base?.method ?? pick(METHODS)) as HttpRequest["method"];
      const path = base?.path.replaceAll("{{ns}}", "default") ?? pick(PATHS) + pick(QUERIES);
      const mutated = base === undefined ? undefined : JSON.stringify(mutate(random, base.body));
      const body = mutated ?? (method === "GET" ? undefined : randomBody(random));
      const stop = new AbortController();
      const response = await transport({
        method,
        path,
        headers: {
          "content-type": base?.contentType ?? pick(CONTENT_TYPES),
          accept: pick(["", "*/*", "application/json;as=Table;g=meta.k8s.io;v=v1", "x/y"]),
        },
        ...(body === undefined ? {} : { body }),
        signal: stop.signal,
      });
      const isStream = path.includes("watch=") && response.status === 200;
      const text = isStream ? "" : await response.text();
      stop.abort();
      assert.deepEqual(bugs, [], `${method} ${path} ${body}`);
      // A real server answers some of what it cannot parse with 500 as well, but that is no fault.
      assert.doesNotMatch(text, /"reason":"InternalError"/, `${method} ${path} ${body}`);
    }
    const healthy = await transport({ method: "GET", path: "/readyz" });
    assert.equal(await healthy.text(), "ok");
    await server.close();
  },
);
