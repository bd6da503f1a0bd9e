import assert from "node:assert/strict";
import { test } from "node:test";
import { RE2JS } from "re2js";
import { isObject } from "../src/kube/json.ts";
import { defaultCrd, validateCrd } from "../src/devcluster/apiserver/definitions/crd.ts";
import { customResourceDefinitions } from "../src/api/kinds.ts";
import type { Rule } from "../src/api/schema/rule.ts";
import type { StructuralSchema } from "../src/api/schema/structural.ts";

/** `kubectl apply` keeps a copy of the object in an annotation, and annotations have 256 KiB together. */
const MAX_CRD_BYTES = 200 * 1024;

interface Node {
  path: string;
  schema: StructuralSchema;
}

function nodesOf(path: string, schema: StructuralSchema): Node[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([key, child]) => nodesOf(`${path}.${key}`, child)),
    ...(items ? nodesOf(`${path}[]`, items) : []),
    ...(additionalProperties ? nodesOf(`${path}{}`, additionalProperties) : []),
  ];
}

const definitions = customResourceDefinitions();
const nodes = definitions.flatMap(({ spec }) =>
  spec.versions.flatMap(({ schema }) => nodesOf(spec.names.kind, schema.openAPIV3Schema)),
);
const rules = nodes.flatMap(({ path, schema }) =>
  (schema["x-kubernetes-validations"] ?? []).map((rule): [string, Rule] => [path, rule]),
);

/** The patterns in a rule's calls of `matches`, as the regular expression engine gets them. */
function patternsIn({ rule }: Rule): string[] {
  const literals = [...rule.matchAll(/\.matches\('((?:[^'\\]|\\.)*)'\)/g)];
  return literals.map(([, literal = ""]) => literal.replaceAll(/\\(.)/g, "$1"));
}

for (const definition of definitions) {
  test(`the CRD ${definition.metadata.name} is small enough for kubectl apply`, () => {
    const bytes = Buffer.byteLength(JSON.stringify(definition));
    assert.ok(bytes < MAX_CRD_BYTES, `${bytes} bytes`);
  });
}

for (const definition of definitions) {
  test(`an API server takes the CRD ${definition.metadata.name}: names, schema, types and costs of rules`, () => {
    const json: unknown = JSON.parse(JSON.stringify(definition));
    assert.ok(isObject(json));
    assert.deepEqual(validateCrd(defaultCrd(json)), []);
  });
}

test("the CRDs say only what Kubernetes 1.28 knows of a version", () => {
  const keys = new Set(definitions.flatMap(({ spec }) => spec.versions.flatMap(Object.keys)));
  const known = ["name", "served", "storage", "subresources", "additionalPrinterColumns", "schema"];
  assert.deepEqual([...keys], known);
});

test("rules say only what Kubernetes 1.28 knows of a rule", () => {
  const keys = new Set(rules.flatMap(([, rule]) => Object.keys(rule)));
  const known = ["rule", "message", "reason", "fieldPath"];
  assert.deepEqual(
    [...keys].filter((key) => !known.includes(key)),
    [],
  );
});

test("rules call only functions of CEL that Kubernetes 1.28 has", () => {
  const withoutText = rules.map(([, { rule }]) => rule.replaceAll(/'((?:[^'\\]|\\.)*)'/g, "''"));
  const called = withoutText.flatMap((rule) => [...rule.matchAll(/([A-Za-z_]+)\(/g)].map(([, name]) => name));
  const known = [
    "size",
    "matches",
    "has",
    "all",
    "exists",
    "exists_one",
    "startsWith",
    "duration",
    "bytes",
    "map",
    "sum",
    "type",
    "double",
    "endsWith",
    "substring",
  ];
  assert.deepEqual(
    [...new Set(called)].filter((name) => !known.includes(name ?? "")),
    [],
  );
});

test("every rule has a message of its own that starts without the field's path", () => {
  for (const [path, { message }] of rules) assert.match(message, /^[a-zA-Z]/, path);
});

test("every pattern is RE2", () => {
  const patterns = [
    ...nodes.flatMap(({ path, schema }) => (schema.pattern === undefined ? [] : [[path, schema.pattern]])),
    ...rules.flatMap(([path, rule]) => patternsIn(rule).map((pattern) => [path, pattern])),
  ];
  assert.ok(patterns.length > 50);
  for (const [path, pattern = ""] of patterns) {
    assert.doesNotThrow(() => RE2JS.compile(pattern), `${path}: ${pattern}`);
  }
});

test("a path of a rule's error is a field of the schema that it stands on", () => {
  for (const { path, schema } of nodes) {
    for (const { fieldPath } of schema["x-kubernetes-validations"] ?? []) {
      if (fieldPath === undefined) continue;
      const [, ...names] = fieldPath.split(".");
      let field: StructuralSchema | undefined = schema;
      for (const name of names) field = field?.properties?.[name];
      assert.ok(field, `${path}: ${fieldPath}`);
    }
  }
});

test("plural, singular and short names name one kind each", () => {
  const names = definitions.flatMap(({ spec: { names: given } }) => [
    given.plural,
    given.singular,
    ...given.shortNames,
  ]);
  assert.equal(new Set(names).size, names.length);
});

/** Kubernetes' own words, which only the operator writes: a condition has them in every kind of Kubernetes. */
const KUBERNETES_OWN = /\.status\.conditions\[\]\.status$/;

test("no field and no word of a choice needs quotes in YAML 1.1, which kubectl, helm and Argo CD read", () => {
  const special = /^(y|n|yes|no|on|off|true|false|null|~)$/i;
  const found = nodes.flatMap(({ path, schema: { properties = {}, enum: words = [] } }) => [
    ...Object.keys(properties).map((key) => [path, key]),
    ...(KUBERNETES_OWN.test(path) ? [] : words.map((word) => [path, word])),
  ]);
  assert.ok(found.length > 300);
  assert.deepEqual(
    found.filter(([, word = ""]) => special.test(word)),
    [],
  );
});
