import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../kube/duration.ts";
import { isObject, type JsonObject } from "../../kube/json.ts";
import { columnValue, parseJsonPath } from "./answers/jsonpath.ts";
import { applyConfiguration, trackUpdate } from "./managed-fields/apply.ts";
import { fieldTypeOf } from "./managed-fields/field-type.ts";
import { applyJsonPatch, parseJsonPatch } from "./patch/json-patch.ts";
import { applyMergePatch, diffMergePatch } from "../../kube/merge-patch.ts";
import { applyStrategicMergePatch } from "./patch/strategic-merge-patch.ts";
import { canonicalQuantity } from "../../kube/quantity.ts";
import { compileSchema } from "../../kube/schema/compile.ts";
import { defaultCrd, validateCrd } from "./definitions/crd.ts";
import { parseFieldSelector, parseLabelSelector } from "../../kube/selectors.ts";

/** Whatever a client sends, every rule answers: none throws, and none changes what it was given. */

const WORDS = (
  "name spec metadata labels containers env value finalizers ownerReferences uid managedFields fieldsV1 f:spec k:{} " +
  "$patch $retainKeys $setElementOrder/containers $deleteFromPrimitiveList/finalizers delete replace op path from " +
  "add remove test /spec/containers/0 /a~1b type object array string integer items properties required default enum " +
  "pattern [ (?=x) x-kubernetes-validations rule self.x==oldSelf.x self.all(a,a>0) x-kubernetes-list-type map set " +
  "x-kubernetes-list-map-keys additionalProperties anyOf not format date-time maxLength __proto__ constructor toString " +
  "versions v1 schema openAPIV3Schema names group Apply Update FieldsV1 operation apiVersion v1 1Gi 500m 1h30m . .. * a=b"
).split(" ");

/** A small generator with a seed, so that a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

function word(random: Random): string {
  return WORDS[random(WORDS.length)] ?? "";
}

function value(random: Random, depth: number): unknown {
  const kind = random(depth > 0 ? 9 : 6);
  if (kind < 3) return word(random);
  if (kind === 3) return random(20) - 5;
  if (kind === 4) return random(2) === 0;
  if (kind === 5) return null;
  if (kind === 6) return Array.from({ length: random(4) }, () => value(random, depth - 1));
  return object(random, depth - 1);
}

function object(random: Random, depth: number): JsonObject {
  return Object.fromEntries(Array.from({ length: random(5) }, () => [word(random), value(random, depth)]));
}

function text(random: Random): string {
  const marks = ["", " ", ",", "=", "!", "(", ")", " in ", "\\", "'", "[", "]", "{", "\u0000", "é"];
  return Array.from({ length: random(6) }, () => word(random) + marks[random(marks.length)]).join("");
}

const KINDS = ["Pod", "Job", "ConfigMap", "Node", "constructor"];

for (const seed of [1, 2, 3, 4]) {
  test(`patches of any shape, seed ${seed}`, () => {
    const random = createRandom(seed);
    for (let round = 0; round < 500; round += 1) {
      const current = object(random, 4);
      const patch = object(random, 4);
      const before = structuredClone(current);
      applyMergePatch(current, patch);
      diffMergePatch(current, patch);
      applyStrategicMergePatch(KINDS[random(KINDS.length)] ?? "", current, patch);
      const operations = parseJsonPatch(value(random, 3));
      if (operations.error === undefined) applyJsonPatch(current, operations.value);
      assert.deepEqual(current, before);
    }
  });

  test(`texts of any shape, seed ${seed}`, () => {
    const random = createRandom(seed);
    for (let round = 0; round < 1000; round += 1) {
      const source = text(random);
      for (const parsed of [
        parseLabelSelector(source),
        parseFieldSelector(source),
        canonicalQuantity(source),
      ]) {
        assert.ok(parsed.error !== undefined || parsed.value !== undefined);
      }
      parseDuration(source);
      const path = parseJsonPath(source);
      if (path.error === undefined) columnValue(path.value, "string", value(random, 4));
    }
  });

  test(`schemas, CRDs and objects of any shape, seed ${seed}`, () => {
    const random = createRandom(seed);
    for (let round = 0; round < 150; round += 1) {
      const schema = { type: "object", properties: object(random, 5), ...object(random, 3) };
      validateCrd(
        defaultCrd({
          ...object(random, 3),
          spec: {
            ...object(random, 4),
            versions: [{ name: "v1", storage: true, schema: { openAPIV3Schema: schema } }],
          },
        }),
      );
      const compiled = compileSchema(schema);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const candidate = object(random, 4);
        const before = structuredClone(candidate);
        const pruned = compiled.applyDefaults(compiled.prune(candidate).value);
        compiled.validate(pruned, attempt === 0 ? undefined : object(random, 4));
        assert.deepEqual(candidate, before);
      }
    }
  });

  test(`owners of any shape, seed ${seed}`, () => {
    const random = createRandom(seed);
    for (let round = 0; round < 300; round += 1) {
      const { root } = compileSchema(object(random, 4));
      const writer = {
        type: fieldTypeOf(root, true),
        apiVersion: "v1",
        manager: word(random),
        now: "2026-01-01T00:00:00Z",
      };
      const live = { ...object(random, 4), metadata: object(random, 3) };
      const before = structuredClone(live);
      const tracked = trackUpdate(live, { ...object(random, 4), metadata: object(random, 3) }, writer);
      const { object: applied } = applyConfiguration(tracked, object(random, 4), {
        ...writer,
        force: random(2) === 0,
      });
      assert.ok(applied === undefined || isObject(applied));
      assert.deepEqual(live, before);
    }
  });
}
