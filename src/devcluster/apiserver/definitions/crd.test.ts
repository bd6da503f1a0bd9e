import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../../kube/json.ts";
import { acceptedNames, crdNameErrors, defaultCrd, validateCrd } from "./crd.ts";

const SCHEMA = {
  type: "object",
  properties: { spec: { type: "object", properties: { size: { type: "string" } } } },
};

interface Parts {
  spec?: JsonObject;
  version?: JsonObject;
  schema?: unknown;
}

function crd({ spec = {}, version = {}, schema = SCHEMA }: Parts = {}): JsonObject {
  return defaultCrd({
    metadata: { name: "widgets.demo.example.com" },
    spec: {
      group: "demo.example.com",
      scope: "Namespaced",
      names: { plural: "widgets", kind: "Widget" },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version },
      ],
      ...spec,
    },
  });
}

const messages = (object: JsonObject, old?: JsonObject): string[] =>
  validateCrd(object, old).map(({ field, message }) => `${field}: ${message}`);
/** A schema with one property of the spec. */
const withProperty = (property: unknown): JsonObject => ({
  type: "object",
  properties: { spec: { type: "object", properties: { x: property } } },
});
const X = "spec.validation.openAPIV3Schema.properties[spec].properties[x]";

test("a plain CRD is accepted and gets its names", () => {
  assert.deepEqual(messages(crd()), []);
  assert.deepEqual(acceptedNames(crd()), {
    plural: "widgets",
    kind: "Widget",
    singular: "widget",
    listKind: "WidgetList",
  });
});

test("its name is made of plural and group", () => {
  assert.deepEqual(crdNameErrors(crd(), "widgets.demo.example.com"), []);
  assert.deepEqual(crdNameErrors(crd(), "other.example.com"), ['must be spec.names.plural+"."+spec.group']);
});

const refusedSpecs: [string, Parts, string[]][] = [
  [
    "a group without a dot",
    { spec: { group: "demo" } },
    ['spec.group: Invalid value: "demo": should be a domain with at least one dot'],
  ],
  [
    "an unknown scope",
    { spec: { scope: "Galaxy" } },
    ['spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"'],
  ],
  [
    "no kind",
    { spec: { names: { plural: "widgets" } } },
    [
      "spec.names.singular: Required value",
      "spec.names.kind: Required value",
      "spec.names.listKind: Required value",
    ],
  ],
  [
    "no schema",
    { version: { schema: undefined } },
    ["spec.versions[0].schema.openAPIV3Schema: Required value"],
  ],
  [
    "an unknown column type",
    { version: { additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: ".spec.a" }] } },
    [
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
  ],
  [
    "a column path without a dot",
    { version: { additionalPrinterColumns: [{ name: "A", type: "string", jsonPath: "spec.a" }] } },
    [
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
    ],
  ],
  [
    "a selectable field that is none",
    { version: { selectableFields: [{ jsonPath: ".spec.nope" }] } },
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.nope": is an invalid path: does not refer to a valid field',
    ],
  ],
  [
    "a selectable object",
    { version: { selectableFields: [{ jsonPath: ".spec" }] } },
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ],
  ],
];
for (const [name, parts, expected] of refusedSpecs) {
  test(`refuses ${name}`, () => assert.deepEqual(messages(crd(parts)), expected));
}

test("refuses two storage versions", () => {
  const { versions } = crd()["spec"] as { versions: JsonObject[] };
  const two = crd({ spec: { versions: [...versions, { ...versions[0], name: "v2" }] } });
  assert.match(
    messages(two).join("\n"),
    /^spec\.versions: Invalid value: .*: must have exactly one version marked as storage version$/,
  );
});

const refusedSchemas: [string, unknown, string[]][] = [
  [
    "a field without a type",
    { description: "x" },
    [`${X}.type: Required value: must not be empty for specified object fields`],
  ],
  ["an array without items", { type: "array" }, [`${X}.items: Required value: must be specified`]],
  [
    "an unknown type",
    { type: "text" },
    [
      `${X}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
  ],
  [
    "a type under a junctor",
    { type: "string", anyOf: [{ type: "string" }] },
    [`${X}.anyOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    "uniqueItems",
    { type: "array", items: { type: "string" }, uniqueItems: true },
    [
      `${X}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
  ],
  [
    "properties beside additionalProperties",
    { type: "object", properties: { a: { type: "string" } }, additionalProperties: { type: "string" } },
    [`${X}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`],
  ],
  [
    "a map list without keys",
    {
      type: "array",
      "x-kubernetes-list-type": "map",
      items: { type: "object", properties: { name: { type: "string" } } },
    },
    [`${X}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`],
  ],
  [
    "an optional map key without default",
    {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", properties: { name: { type: "string" } } },
    },
    [
      `${X}.items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
  ],
  [
    "a default of the wrong type",
    { type: "integer", default: "x" },
    [`${X}.default: Invalid value: "string":  in body must be of type integer: "string"`],
  ],
  [
    "a default with unknown fields",
    { type: "object", properties: { a: { type: "string" } }, default: { b: 1 } },
    [`${X}.default: Invalid value: {"b":1}: must not have unknown fields`],
  ],
  [
    "nullable items of a set",
    { type: "array", "x-kubernetes-list-type": "set", items: { type: "string", nullable: true } },
    [`${X}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set`],
  ],
];
for (const [name, property, expected] of refusedSchemas) {
  test(`refuses ${name}`, () =>
    assert.deepEqual(messages(crd({ schema: withProperty(property) })), expected));
}

test("refuses a pattern that is no RE2", () => {
  const [message] = messages(crd({ schema: withProperty({ type: "string", pattern: "(?=a)" }) }));
  assert.match(
    message ?? "",
    /pattern: Invalid value: "\(\?=a\)": must be a valid regular expression, but isn't: error parsing regexp/,
  );
});

const RULE = { Message: "", MessageExpression: "", Reason: null, FieldPath: "", OptionalOldSelf: null };
const printed = (rule: string, more: JsonObject = {}): string =>
  JSON.stringify({ Rule: rule, ...RULE, ...more });
const TRY =
  "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";

const refusedRules: [string, JsonObject, string[]][] = [
  [
    "an unknown field",
    {
      type: "object",
      properties: { a: { type: "string" } },
      "x-kubernetes-validations": [{ rule: "self.b == 'x'" }],
    },
    [
      `${X}.x-kubernetes-validations[0].rule: Invalid value: ${printed("self.b == 'x'")}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 'x'\n | ....^`,
    ],
  ],
  [
    "a comparison of different types",
    { type: "string", "x-kubernetes-validations": [{ rule: "self == 1" }] },
    [
      `${X}.x-kubernetes-validations[0].rule: Invalid value: ${printed("self == 1")}: compilation failed: ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(string, int)'\n | self == 1\n | .....^`,
    ],
  ],
  [
    "an unknown variable",
    { type: "string", "x-kubernetes-validations": [{ rule: "me == 'x'" }] },
    [
      `${X}.x-kubernetes-validations[0].rule: Invalid value: ${printed("me == 'x'")}: compilation failed: ERROR: <input>:1:1: undeclared reference to 'me' (in container '')\n | me == 'x'\n | ^`,
    ],
  ],
  [
    "a rule that is no bool",
    { type: "string", "x-kubernetes-validations": [{ rule: "self" }] },
    [
      `${X}.x-kubernetes-validations[0].rule: Invalid value: ${printed("self")}: cel expression must evaluate to a bool`,
    ],
  ],
  [
    "a message that is no text",
    { type: "string", "x-kubernetes-validations": [{ rule: "self != ''", messageExpression: "1" }] },
    [
      `${X}.x-kubernetes-validations[0].messageExpression: Invalid value: ${printed("self != ''", { MessageExpression: "1" })}: messageExpression must evaluate to a string`,
    ],
  ],
  [
    "an unknown reason",
    { type: "string", "x-kubernetes-validations": [{ rule: "self != ''", reason: "Because" }] },
    [
      `${X}.x-kubernetes-validations[0].reason: Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
    ],
  ],
  [
    "a fieldPath that leads nowhere",
    {
      type: "object",
      properties: { a: { type: "string" } },
      "x-kubernetes-validations": [{ rule: "has(self.a)", fieldPath: ".b" }],
    },
    [`${X}.x-kubernetes-validations[0].fieldPath: Invalid value: ".b": must be a valid path`],
  ],
  [
    "oldSelf in an atomic list",
    {
      type: "array",
      maxItems: 5,
      items: { type: "string", maxLength: 5, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
    },
    [
      `${X}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${X}`,
    ],
  ],
  [
    "a loop in a loop over unbounded lists",
    {
      type: "array",
      items: { type: "string" },
      "x-kubernetes-validations": [{ rule: "self.all(a, self.exists_one(b, a == b))" }],
    },
    [
      `${X}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${TRY}`,
      `${X}.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema`,
      `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${TRY}`,
    ],
  ],
];
for (const [name, property, expected] of refusedRules) {
  test(`refuses ${name}`, () =>
    assert.deepEqual(messages(crd({ schema: withProperty(property) })), expected));
}

const accepted: [string, JsonObject][] = [
  [
    "immutability of unbounded text",
    { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
  ],
  [
    "a loop in a loop over bounded lists",
    {
      type: "array",
      maxItems: 20,
      items: { type: "string", maxLength: 20 },
      "x-kubernetes-validations": [{ rule: "self.all(a, self.exists_one(b, a == b))" }],
    },
  ],
  [
    "patterns on bounded text",
    {
      type: "string",
      maxLength: 2048,
      "x-kubernetes-validations": [{ rule: "self.matches('^https?://[^/]+/.*$')" }],
    },
  ],
  [
    "type guards of int-or-string",
    {
      "x-kubernetes-int-or-string": true,
      "x-kubernetes-validations": [{ rule: "type(self) == int ? self > 0 : string(self).size() < 10" }],
    },
  ],
  [
    "a rule on unbounded values with cheap steps",
    {
      type: "object",
      additionalProperties: { type: "string" },
      "x-kubernetes-validations": [{ rule: "self.size() < 5" }],
    },
  ],
];
for (const [name, property] of accepted) {
  test(`accepts ${name}`, () => assert.deepEqual(messages(crd({ schema: withProperty(property) })), []));
}

for (const [name, property] of [
  [
    "a pattern on unbounded text",
    {
      type: "string",
      "x-kubernetes-validations": [
        {
          rule: "self.matches('^[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+[0-9]+[a-z]+$')",
        },
      ],
    },
  ],
  [
    "a rule inside an unbounded list of unbounded text",
    {
      type: "array",
      items: {
        type: "string",
        "x-kubernetes-validations": [{ rule: "self.contains('x') && self.startsWith('a')" }],
      },
    },
  ],
  [
    "a loop over an unbounded map in an unbounded list",
    {
      type: "array",
      items: {
        type: "object",
        additionalProperties: { type: "string" },
        "x-kubernetes-validations": [{ rule: "self.all(k, self[k] != '')" }],
      },
    },
  ],
] as const) {
  test(`refuses the cost of ${name}`, () => {
    assert.match(
      messages(crd({ schema: withProperty(property) }))[0] ?? "",
      /: Forbidden: estimated rule cost exceeds budget by factor of /,
    );
  });
}

test("an established CRD keeps scope, kind, group and plural", () => {
  const old = {
    ...crd(),
    status: { conditions: [{ type: "Established", status: "True" }], storedVersions: ["v1"] },
  };
  const changed = {
    ...crd({ spec: { scope: "Cluster", names: { plural: "things", kind: "Thing" } } }),
    status: { storedVersions: ["v1", "v0"] },
  };
  assert.deepEqual(messages(changed, old), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'spec.names.kind: Invalid value: "Thing": field is immutable',
    'spec.names.plural: Invalid value: "things": field is immutable',
    'status.storedVersions[1]: Invalid value: "v0": missing from spec.versions; v0 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v0 and removes v0 from status.storedVersions',
  ]);
});

test("a malformed CRD is refused, never a crash", () => {
  for (const spec of [
    null,
    [],
    "x",
    {},
    { versions: [null, 1], names: [], group: 5 },
    {
      versions: [
        {
          name: 1,
          schema: {
            openAPIV3Schema: { properties: { a: { items: [1], type: ["x"], enum: 3, required: 7 } } },
          },
        },
      ],
    },
  ]) {
    assert.ok(validateCrd(defaultCrd({ spec })).length > 0);
  }
});
