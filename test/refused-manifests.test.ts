import assert from "node:assert/strict";
import { test } from "node:test";
import { customResourceDefinitions } from "../src/api/kinds.ts";
import { type CompiledSchema, compileSchema } from "../src/kube/schema/compile.ts";
import { ACCEPTED_CHANGES, REFUSED_CHANGES } from "./support/refused/changes.ts";
import type { Manifest, RefusedChange } from "./support/refused/manifest.ts";
import { REFUSED_MANIFESTS } from "./support/refused/manifests.ts";

const schemas = new Map(
  customResourceDefinitions().map(({ spec }) => [
    spec.names.kind,
    compileSchema(spec.versions[0]?.schema.openAPIV3Schema),
  ]),
);

function schemaOf(manifest: Manifest): CompiledSchema {
  const schema = schemas.get(manifest.kind);
  assert.ok(schema, `there is no kind ${manifest.kind}`);
  return schema;
}

/** The object as an API server would see it: JSON, with defaults, in the given phase. */
function stored(manifest: Manifest, phase?: string): unknown {
  const json: unknown = JSON.parse(JSON.stringify({ ...manifest, ...(phase && { status: { phase } }) }));
  return schemaOf(manifest).applyDefaults(json);
}

/** What is said beside an error that keeps the rules from being looked at. */
const RULES_SKIPPED = "<nil>: Invalid value: null: some validation rules were not checked";

function linesFor(manifest: Manifest): string[] {
  const errors = schemaOf(manifest).validate(stored(manifest));
  const lines = errors.map(({ field, message }) => `${field}: ${message}`);
  return lines.filter((line) => !line.startsWith(RULES_SKIPPED));
}

function linesForChange({ before, after, phase }: Omit<RefusedChange, "says">): string[] {
  const errors = schemaOf(after).validate(stored(after, phase), stored(before, phase));
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

for (const { what, manifest, says } of REFUSED_MANIFESTS) {
  test(`${what} is refused`, () => {
    assert.deepEqual(linesFor(manifest), [says]);
  });
}

for (const change of REFUSED_CHANGES) {
  test(`changing ${change.what} is refused`, () => {
    assert.deepEqual(linesFor(change.before), []);
    assert.deepEqual(linesForChange(change), [change.says]);
  });
}

for (const change of ACCEPTED_CHANGES) {
  test(`${change.what} is accepted`, () => {
    assert.deepEqual(linesFor(change.before), []);
    assert.deepEqual(linesForChange(change), []);
  });
}
