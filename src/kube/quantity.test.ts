import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
  quantityMilliValue,
  quantityPattern,
  quantityValue,
} from "./quantity.ts";

const canonical: [string, string][] = [
  ["0", "0"],
  ["0.0", "0"],
  ["500m", "500m"],
  ["0.5", "500m"],
  ["1.5", "1500m"],
  ["1500m", "1500m"],
  ["1000m", "1"],
  ["1Gi", "1Gi"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["0.5Ki", "512"],
  ["1e3", "1e3"],
  ["1000e0", "1e3"],
  ["1E3", "1E3"],
  ["1E", "1E"],
  ["2000", "2k"],
  ["100k", "100k"],
  ["-5", "-5"],
  ["0.0000000001", "1n"],
  ["512Mi", "512Mi"],
  ["1000Ki", "1000Ki"],
  ["2048Ki", "2Mi"],
  [".5", "500m"],
  ["007", "007"],
  ["1e-3", "1e-3"],
  ["12345678901234567890", "12345678901234567890"],
];
for (const [text, expected] of canonical) {
  test(`quantity ${text} is stored as ${expected}`, () => {
    assert.deepEqual(canonicalQuantity(text), { value: expected });
    assert.deepEqual(canonicalQuantity(expected), { value: expected }, "the canonical form is stable");
  });
}

const FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const refused: [string, string][] = [
  ["", FORMAT],
  ["10 gigs", FORMAT],
  ["abc", FORMAT],
  ["1.2.3", FORMAT],
  ["1Gig", FORMAT],
  [".", FORMAT],
  ["1KiKi", "unable to parse quantity's suffix"],
  ["1ki", "unable to parse quantity's suffix"],
  ["1e99999999999", "unable to parse quantity's suffix"],
];
for (const [text, error] of refused) {
  test(`quantity "${text}" is refused`, () => assert.deepEqual(parseQuantity(text), { error }));
}

test("quantities compare by amount, whatever their unit", () => {
  const order = (a: string, b: string): number => {
    const [left, right] = [parseQuantity(a).value, parseQuantity(b).value];
    assert.ok(left && right);
    return compareQuantities(left, right);
  };
  assert.equal(order("1Gi", "1G"), 1);
  assert.equal(order("1000m", "1"), 0);
  assert.equal(order("-1", "1n"), -1);
});

test("amounts are read rounded up", () => {
  const of = (text: string) => {
    const { value } = parseQuantity(text);
    assert.ok(value);
    return [quantityValue(value), quantityMilliValue(value)];
  };
  assert.deepEqual(of("1500m"), [2, 1500]);
  assert.deepEqual(of("1Ki"), [1024, 1_024_000]);
  assert.deepEqual(of("100u"), [1, 1]);
});

test("the schema pattern accepts what the parser accepts", () => {
  const pattern = new RegExp(quantityPattern);
  for (const [text] of canonical) assert.match(text, pattern);
  assert.doesNotMatch("10 gigs", pattern);
});
