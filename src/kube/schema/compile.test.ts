import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregate } from "../field-errors.ts";
import { compileSchema } from "./compile.ts";
import { unknownFieldError } from "./prune.ts";

/** The CRD of the recorded exchanges with a real API server. */
const WIDGET = {
  type: "object",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "string", enum: ["small", "large"] },
        count: { type: "integer", minimum: 1, maximum: 10, default: 3 },
        name: { type: "string", maxLength: 10, pattern: "^[a-z]+$" },
        a: { type: "string" },
        b: { type: "string" },
        fixed: {
          type: "string",
          "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "fixed is immutable" }],
        },
        tags: {
          type: "array",
          maxItems: 5,
          items: { type: "string", maxLength: 20 },
          "x-kubernetes-list-type": "set",
        },
        ports: {
          type: "array",
          maxItems: 10,
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string", maxLength: 20 }, port: { type: "integer", default: 80 } },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
        },
        qty: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        labels: { type: "object", additionalProperties: { type: "string", maxLength: 5 } },
        when: { type: "string", format: "date-time" },
        dur: { type: "string", format: "duration" },
        maybe: { type: "string", nullable: true },
      },
      "x-kubernetes-validations": [
        { rule: "!(has(self.a) && has(self.b))", message: "a and b are mutually exclusive" },
        {
          rule: "self.size != 'large' || !has(self.count) || self.count > 1",
          message: "large needs count above 1",
          messageExpression: "'large needs count above 1'",
          reason: "FieldValueForbidden",
          fieldPath: ".count",
        },
      ],
    },
    status: { type: "object", properties: { phase: { type: "string" } } },
  },
};
const SKIPPED =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

const schema = compileSchema(WIDGET);
const widget = (spec: unknown): Record<string, unknown> => ({
  apiVersion: "demo.example.com/v1",
  kind: "Widget",
  metadata: { name: "bad" },
  spec,
});
const refusal = (object: unknown, old?: unknown): string => {
  const errors = schema.validate(object, old);
  return errors.length === 0 ? "" : aggregate(errors);
};

const refused: [string, unknown, string][] = [
  ["a missing required field", {}, `[spec.size: Required value, ${SKIPPED}]`],
  [
    "an unknown enum value",
    { size: "medium" },
    `[spec.size: Unsupported value: "medium": supported values: "small", "large", ${SKIPPED}]`,
  ],
  [
    "a wrong type",
    { size: "small", count: "many" },
    `[spec.count: Invalid value: "string": spec.count in body must be of type integer: "string", ${SKIPPED}]`,
  ],
  [
    "a number out of range",
    { size: "small", count: 11 },
    "spec.count: Invalid value: 11: spec.count in body should be less than or equal to 10",
  ],
  [
    "a fraction for an integer",
    { size: "small", count: 1.5 },
    `[spec.count: Invalid value: "number": spec.count in body must be of type integer: "number", <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.count, ${SKIPPED}]`,
  ],
  [
    "text that is too long, whatever its pattern",
    { size: "small", name: "ABCDEFGHIJKL" },
    `[spec.name: Too long: may not be more than 10 bytes, ${SKIPPED}]`,
  ],
  [
    "text that breaks its pattern",
    { size: "small", name: "ABC" },
    `spec.name: Invalid value: "ABC": spec.name in body should match '^[a-z]+$'`,
  ],
  [
    "a bad date",
    { size: "small", when: "yesterday" },
    `[spec.when: Invalid value: "yesterday": spec.when in body must be of type date-time: "yesterday", ${SKIPPED}]`,
  ],
  [
    "a bad duration",
    { size: "small", dur: "1 fortnight" },
    `[spec.dur: Invalid value: "1 fortnight": spec.dur in body must be of type duration: "1 fortnight", ${SKIPPED}]`,
  ],
  ["a repeated set member", { size: "small", tags: ["a", "a"] }, 'spec.tags[1]: Duplicate value: "a"'],
  [
    "a repeated map key",
    { size: "small", ports: [{ name: "x" }, { name: "x" }] },
    'spec.ports[1]: Duplicate value: {"name":"x"}',
  ],
  [
    "too many items",
    { size: "small", tags: ["a", "b", "c", "d", "e", "f"] },
    `[spec.tags: Too many: 6: must have at most 5 items, ${SKIPPED}]`,
  ],
  [
    "a map value that is too long",
    { size: "small", labels: { k: "toolong" } },
    `[spec.labels.k: Too long: may not be more than 5 bytes, ${SKIPPED}]`,
  ],
  [
    "an item's missing key",
    { size: "small", ports: [{}] },
    `[spec.ports[0].name: Required value, ${SKIPPED}]`,
  ],
  [
    "a bool for int-or-string",
    { size: "small", qty: true },
    `[spec.qty: Invalid value: "boolean": spec.qty in body must be of type integer,string: "boolean", <nil>: Invalid value: "": "spec.qty" must validate at least one schema (anyOf), spec.qty: Invalid value: "boolean": spec.qty in body must be of type integer: "boolean", ${SKIPPED}]`,
  ],
  [
    "a broken CEL rule",
    { size: "small", a: "1", b: "2" },
    "spec: Invalid value: a and b are mutually exclusive",
  ],
  [
    "a CEL rule with reason and fieldPath",
    { size: "large", count: 1 },
    "spec.count: Forbidden: large needs count above 1",
  ],
  [
    "two CEL rules",
    { size: "large", count: 1, a: "1", b: "2" },
    "[spec: Invalid value: a and b are mutually exclusive, spec.count: Forbidden: large needs count above 1]",
  ],
];
for (const [name, spec, message] of refused) {
  test(`refuses ${name}`, () => assert.equal(refusal(widget(spec)), message));
}

test("refuses an object without its required spec", () => {
  assert.equal(
    refusal({ apiVersion: "demo.example.com/v1", kind: "Widget", metadata: {} }),
    `[spec: Required value, ${SKIPPED}]`,
  );
});

test("accepts what the real server accepted", () => {
  assert.equal(
    refusal(
      widget({
        size: "small",
        dur: "1h30m",
        qty: "5Gi",
        maybe: null,
        when: "2026-01-01T00:00:00Z",
        free: { x: [1] },
      }),
    ),
    "",
  );
});

test("a transition rule compares with the stored object", () => {
  assert.equal(
    refusal(widget({ size: "large", fixed: "y", count: 5 }), widget({ size: "large", fixed: "x", count: 5 })),
    'spec.fixed: Invalid value: "y": fixed is immutable',
  );
  assert.equal(
    refusal(widget({ size: "large", fixed: "x", count: 5 }), widget({ size: "large", fixed: "x" })),
    "",
  );
  assert.equal(
    refusal(widget({ size: "large", fixed: "x" }), widget({ size: "large" })),
    "",
    "there is nothing to compare with",
  );
});

test("what was already stored and has not changed is not refused again", () => {
  const stored = widget({ size: "huge", name: "BAD", a: "1", b: "2" });
  assert.equal(refusal({ ...stored, status: { phase: "Ready" } }, stored), "");
  assert.match(
    refusal(widget({ size: "huge", name: "WORSE", a: "1", b: "2" }), stored),
    /^spec.name: Invalid value: "WORSE"|a and b/,
  );
});

test("prunes unknown fields and names them", () => {
  const object = widget({
    size: "small",
    extra: 1,
    free: { kept: { deep: 1 } },
    ports: [{ name: "x", more: 1 }],
    labels: { any: "x" },
  });
  const { value, unknownPaths } = schema.prune(object);
  assert.deepEqual(unknownPaths, ["spec.extra", "spec.ports[0].more"]);
  assert.deepEqual(
    value,
    widget({ size: "small", free: { kept: { deep: 1 } }, ports: [{ name: "x" }], labels: { any: "x" } }),
  );
  assert.equal(unknownFieldError("spec.extra"), 'unknown field "spec.extra"');
});

test("pruning an object without unknown fields answers that very object", () => {
  const object = widget({ size: "small", ports: [{ name: "x" }] });
  assert.equal(schema.prune(object).value, object);
});

test("defaults fill in, also inside lists, and refused nulls go", () => {
  const object = widget({ size: "small", a: null, maybe: null, count: null, ports: [{ name: "http" }] });
  assert.deepEqual(
    schema.applyDefaults(object),
    widget({ size: "small", maybe: null, count: 3, ports: [{ name: "http", port: 80 }] }),
  );
  const full = widget({ size: "small", count: 1 });
  assert.equal(schema.applyDefaults(full), full);
});

const rules: [string, unknown, unknown, string][] = [
  ["self.list.all(x, x > 0)", { list: [1, 2] }, undefined, ""],
  [
    "self.list.isSorted() && self.list.sum() == 3 && self.list.min() == 1 && self.list.max() == 2 && self.list.indexOf(2) == 1",
    { list: [1, 2] },
    undefined,
    "",
  ],
  [
    "self.text.matches('^a+$') && self.text.find('a') == 'a' && self.text.findAll('a').size() == 2",
    { text: "aa" },
    undefined,
    "",
  ],
  ["self.text.lowerAscii() == 'aa' && self.text.split('A').size() == 3", { text: "AA" }, undefined, ""],
  [
    "isURL(self.text) && url(self.text).getHost() == 'example.com:80' && url(self.text).getHostname() == 'example.com'",
    { text: "https://example.com:80/x" },
    undefined,
    "",
  ],
  ["quantity(self.text).isGreaterThan(quantity('1G'))", { text: "1Gi" }, undefined, ""],
  [
    "self.list.size() > 2",
    { list: [1] },
    undefined,
    "<nil>: Invalid value: failed rule: self.list.size() > 2",
  ],
  [
    "self.text == 'x'",
    {},
    undefined,
    `<nil>: Invalid value: "object": no such key: text evaluating rule: self.text == 'x'`,
  ],
  [
    "self.list[5] == 1",
    { list: [1] },
    undefined,
    `<nil>: Invalid value: "object": index out of bounds: 5 evaluating rule: self.list[5] == 1`,
  ],
  ["self.text == oldSelf.text", { text: "a" }, undefined, ""],
  [
    "self.text == oldSelf.text",
    { text: "a" },
    { text: "b" },
    "<nil>: Invalid value: failed rule: self.text == oldSelf.text",
  ],
  ["has(self.maybe) && self.maybe == null && !has(self.text)", { maybe: null }, undefined, ""],
  ["self.__namespace__ == 'x' && self.a__dash__b == 1", { namespace: "x", "a-b": 1 }, undefined, ""],
  [
    "self.when < timestamp('2030-01-01T00:00:00Z') && self.dur == duration('90s')",
    { when: "2026-01-01T00:00:00Z", dur: "1m30s" },
    undefined,
    "",
  ],
];
for (const [rule, object, old, message] of rules) {
  test(`rule ${rule}${old === undefined ? "" : " with an old object"}: ${message === "" ? "holds" : "is broken"}`, () => {
    const compiled = compileSchema({
      type: "object",
      properties: {
        list: { type: "array", items: { type: "integer" } },
        text: { type: "string" },
        namespace: { type: "string" },
        "a-b": { type: "integer" },
        maybe: { type: "string", nullable: true },
        when: { type: "string", format: "date-time" },
        dur: { type: "string", format: "duration" },
      },
      "x-kubernetes-validations": [{ rule }],
    });
    const errors = compiled.validate(object, old);
    assert.equal(errors.length === 0 ? "" : aggregate(errors), message);
  });
}

test("transition rules of a map list compare items by key, whatever their order", () => {
  const compiled = compileSchema({
    type: "object",
    properties: {
      items: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        items: {
          type: "object",
          properties: {
            name: { type: "string" },
            value: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
          },
        },
      },
    },
  });
  const old = {
    items: [
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ],
  };
  assert.deepEqual(
    compiled.validate(
      {
        items: [
          { name: "b", value: "2" },
          { name: "a", value: "1" },
          { name: "c", value: "9" },
        ],
      },
      old,
    ),
    [],
  );
  assert.deepEqual(
    compiled.validate({ items: [{ name: "b", value: "3" }] }, old).map(({ field }) => field),
    ["items[0].value"],
  );
});

test("the order of set and map lists does not matter when they are compared", () => {
  const list = (type: string, items: unknown): object => ({
    type: "array",
    items,
    "x-kubernetes-list-type": type,
    "x-kubernetes-list-map-keys": type === "map" ? ["name"] : [],
  });
  const compiled = compileSchema({
    type: "object",
    properties: {
      set: list("set", { type: "string" }),
      map: list("map", { type: "object", properties: { name: { type: "string" } } }),
      plain: list("atomic", { type: "string" }),
    },
    "x-kubernetes-validations": [{ rule: "self == oldSelf" }],
  });
  const old = { set: ["a", "b"], map: [{ name: "x" }, { name: "y" }], plain: ["a", "b"] };
  assert.equal(
    compiled.validate({ ...old, set: ["b", "a"], map: [{ name: "y" }, { name: "x" }] }, old).length,
    0,
  );
  assert.equal(compiled.validate({ ...old, set: ["b"] }, old).length, 1);
  assert.equal(compiled.validate({ ...old, plain: ["b", "a"] }, old).length, 1);
});

test("optionalOldSelf lets a rule see a creation", () => {
  const compiled = compileSchema({
    type: "object",
    properties: {
      text: {
        type: "string",
        "x-kubernetes-validations": [{ rule: "oldSelf.hasValue() || self == 'new'", optionalOldSelf: true }],
      },
    },
  });
  assert.equal(compiled.validate({ text: "new" }).length, 0);
  assert.equal(compiled.validate({ text: "other" }).length, 1);
  assert.equal(compiled.validate({ text: "other" }, { text: "new" }).length, 0);
});

test("combinations tell which schema failed", () => {
  const compiled = compileSchema({
    type: "object",
    properties: {
      x: {
        type: "string",
        oneOf: [{ maxLength: 1 }, { minLength: 3 }],
        not: { enum: ["no!"] },
        allOf: [{ pattern: "!$" }],
      },
    },
  });
  const messages = (x: string): string[] => compiled.validate({ x }).map(({ message }) => message);
  assert.deepEqual(messages("!"), []);
  assert.deepEqual(messages("a!").slice(0, 1), [
    'Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid',
  ]);
  assert.deepEqual(messages("no!"), ['Invalid value: "": "x" must not validate the schema (not)']);
  assert.deepEqual(messages("abc"), [
    `Invalid value: "abc": x in body should match '!$'`,
    'Invalid value: "": "x" must validate all the schemas (allOf). None validated',
  ]);
});
