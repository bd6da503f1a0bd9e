import assert from "node:assert/strict";
import { test } from "node:test";
import { KINDS } from "../kinds.ts";
import { schemaOf } from "../schema/crd.ts";
import type { StructuralSchema } from "../schema/structural.ts";
import { renderFields } from "./fields.ts";

const reference = renderFields(KINDS);

/** Every message of every rule below a schema. */
function messagesIn(schema: StructuralSchema): string[] {
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.additionalProperties ? [schema.additionalProperties] : []),
  ];
  const own = (schema["x-kubernetes-validations"] ?? []).map(({ message }) => message);
  return [...own, ...below.flatMap(messagesIn)];
}

test("the reference names every rule in the words that a user is told", () => {
  const text = reference.replaceAll("\\", "").replaceAll("&lt;", "<").toLowerCase();
  const messages = new Set(KINDS.flatMap((kind) => messagesIn(schemaOf(kind))));
  assert.ok(messages.size > 30);
  const missing = [...messages].filter(
    (message) => !text.includes(message.replaceAll("\\", "").toLowerCase()),
  );
  assert.deepEqual(missing, []);
});

test("every row of a table has three cells", () => {
  const rows = reference.split("\n").filter((line) => line.startsWith("|"));
  assert.ok(rows.length > 150);
  for (const row of rows) assert.equal(row.match(/(?<!\\)\|/g)?.length, 4, row);
});
