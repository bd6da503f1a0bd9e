import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fieldsMatch,
  labelSelectorOf,
  labelsMatch,
  parseFieldSelector,
  parseLabelSelector,
  validateLabelSelector,
} from "./selectors.ts";

const LABELS = { app: "x", tier: "web", count: "5", in: "in" };
const matching: [string, boolean][] = [
  ["", true],
  ["app=x", true],
  ["app==x", true],
  ["app=y", false],
  ["app in (x,y),tier!=db", true],
  ["app notin (x)", false],
  ["missing notin (x)", true],
  ["missing!=x", true],
  ["app", true],
  ["!app", false],
  ["!missing", true],
  ["count>4", true],
  ["count<4", false],
  ["tier>4", false],
  ["in in (in)", true],
  ["app in ()", false],
  ["missing in (,)", false],
  ["app=", false],
  [" app = x ,  tier ", true],
  ["toString", false],
  ["!toString", true],
];
for (const [text, expected] of matching) {
  test(`labels ${expected ? "match" : "do not match"} "${text}"`, () => {
    const { value, error } = parseLabelSelector(text);
    assert.equal(error, undefined);
    assert.equal(labelsMatch(value ?? [], LABELS), expected);
  });
}

const refused: [string, string][] = [
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a in x", "unable to parse requirement: found 'x' expected: '('"],
  ["a in (x", "unable to parse requirement: found '', expected: ',' or ')'"],
  ["a,", "found '', expected: identifier after ','"],
  [",a", "found ',', expected: !, identifier, or 'end of string'"],
  ["!a=b", "found '=', expected: ',' or 'end of string'"],
  ["a=(", "unable to parse requirement: found '(', expected: identifier"],
  ["!", "unable to parse requirement: found '', expected: identifier"],
  [
    "a>x",
    "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
];
for (const [text, error] of refused) {
  test(`label selector "${text}" is refused`, () => assert.deepEqual(parseLabelSelector(text), { error }));
}

test("a bad label key is named with the server's words", () => {
  const { error } = parseLabelSelector("/a=b");
  assert.equal(
    error,
    'unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty',
  );
});

test("an object's selector means what its text would", () => {
  const selector = labelSelectorOf({
    matchLabels: { app: "x" },
    matchExpressions: [{ key: "tier", operator: "NotIn", values: ["db"] }],
  });
  assert.equal(labelsMatch(selector, LABELS), true);
  assert.equal(labelsMatch(selector, { app: "x", tier: "db" }), false);
  assert.equal(
    labelsMatch(labelSelectorOf({ matchExpressions: [{ key: "app", operator: "Like" }] }), LABELS),
    false,
  );
});

test("an object's selector is validated", () => {
  const errors = validateLabelSelector(
    {
      matchExpressions: [
        { key: "a", operator: "In" },
        { key: "a", operator: "Exists", values: ["b"] },
        { key: "a", operator: "Like" },
      ],
    },
    "spec.selector",
  );
  assert.deepEqual(
    errors.map(({ field, message }) => `${field}: ${message}`),
    [
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      'spec.selector.matchExpressions[2].operator: Invalid value: "Like": not a valid selector operator',
    ],
  );
});

test("field selectors compare exactly", () => {
  const { value } = parseFieldSelector("metadata.name=a,status.phase!=Failed,x==a\\,b\\=c");
  assert.ok(value);
  const fields: Record<string, string> = { "metadata.name": "a", x: "a,b=c" };
  assert.equal(
    fieldsMatch(value, (field) => fields[field] ?? ""),
    true,
  );
  assert.equal(
    fieldsMatch(value, (field) => (field === "status.phase" ? "Failed" : (fields[field] ?? ""))),
    false,
  );
});

for (const [text, error] of [
  ["data", "invalid selector: 'data'; can't understand 'data'"],
  ["a=b=c", "invalid field selector: unescaped character in value: 61"],
  ["a=b\\x", "invalid field selector: invalid escape sequence: \\x"],
  ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
] as const) {
  test(`field selector "${text}" is refused`, () => assert.deepEqual(parseFieldSelector(text), { error }));
}
