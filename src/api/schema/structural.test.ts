import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { choice, flag, integer, intOrString, list, map, object, text, timestamp } from "./fields.ts";
import { toStructuralSchema } from "./structural.ts";

const described = { description: "Something." };
const word = text({ ...described, maxLength: 8 });

test("the building blocks become a structural schema with bounds and descriptions", () => {
  const rule = { rule: "self != 'x'", message: "must not be x" };
  const schema = object(
    {
      name: text({ ...described, minLength: 1, maxLength: 8, pattern: "^[a-z]+$", rules: [rule] }),
      count: integer({ ...described, minimum: 1 }).optional(),
      on: flag("A switch.").default(true),
      kind: choice(["a", "b"], "A choice.").optional(),
      since: timestamp("A time.").optional(),
      size: intOrString({ ...described, minimum: 1, maxLength: 8, pattern: "^[0-9]+$" }).optional(),
      items: list(word, { ...described, maxItems: 2, type: "set" }).optional(),
      labels: map(word, { ...described, maxProperties: 3 }).optional(),
    },
    described,
  );
  assert.deepEqual(toStructuralSchema(schema), {
    description: "Something.",
    type: "object",
    required: ["name"],
    properties: {
      name: {
        description: "Something.",
        type: "string",
        pattern: "^[a-z]+$",
        minLength: 1,
        maxLength: 8,
        "x-kubernetes-validations": [rule],
      },
      count: { description: "Something.", type: "integer", format: "int32", minimum: 1 },
      on: { description: "A switch.", type: "boolean", default: true },
      kind: { description: "A choice.", type: "string", enum: ["a", "b"] },
      since: { description: "A time.", type: "string", format: "date-time", maxLength: 64 },
      size: {
        description: "Something.",
        "x-kubernetes-int-or-string": true,
        anyOf: [{ type: "integer" }, { type: "string" }],
        pattern: "^[0-9]+$",
        maxLength: 8,
        minimum: 1,
      },
      items: {
        description: "Something.",
        type: "array",
        maxItems: 2,
        "x-kubernetes-list-type": "set",
        items: { description: "Something.", type: "string", maxLength: 8 },
      },
      labels: {
        description: "Something.",
        type: "object",
        maxProperties: 3,
        additionalProperties: { description: "Something.", type: "string", maxLength: 8 },
      },
    },
  });
});

test("a description given to an optional field wins over the field's own", () => {
  const schema = object({ name: word.optional().describe("Another.") }, described);
  assert.equal(toStructuralSchema(schema).properties?.["name"]?.description, "Another.");
});

const recursive: z.ZodType = z.object({
  get self() {
    return recursive;
  },
});

const refused: [string, z.ZodType, RegExp][] = [
  ["a union", z.union([z.string(), z.boolean()]), /at \.field: a union other than int-or-string/],
  ["recursion", recursive, /at \.field\.self: is recursive/],
  ["a lazy schema", z.lazy(() => word), /at \.field: a zod lazy has no structural schema/],
  ["an untyped value", z.unknown(), /at \.field: a zod unknown/],
  ["any value", z.any(), /at \.field: a zod any/],
  ["a nullable value", word.nullable(), /at \.field: a zod nullable/],
  ["a refinement", word.refine((value) => value !== "x"), /at \.field: a zod check of type custom/],
  ["a transformation", word.transform((value) => value.length), /at \.field: a zod pipe/],
  ["a rewriting check", word.trim(), /at \.field: a zod check of type overwrite/],
  ["a floating-point number", z.number().meta(described), /at \.field: has no type/],
  ["a string without a bound", z.string().meta(described), /at \.field: has no maxLength/],
  ["a list without a bound", z.array(word).meta(described), /at \.field: has no x-kubernetes-list-type/],
  ["a map without a bound", z.record(z.string(), word).meta(described), /at \.field: has no maxProperties/],
  ["a field without a description", z.string().max(8), /at \.field: has no description/],
  ["an unknown keyword", word.meta({ title: "T" }), /at \.field: the keyword title/],
  [
    "a refinement deep within a list",
    list(object({ name: word.refine(() => true) }, described), { ...described, maxItems: 1, type: "atomic" }),
    /at \.field\[\]\.name: a zod check of type custom/,
  ],
];

for (const [what, field, message] of refused) {
  test(`${what} is refused with its path`, () => {
    assert.throws(() => toStructuralSchema(object({ field }, described)), { message });
  });
}
