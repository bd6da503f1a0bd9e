import assert from "node:assert/strict";
import { test } from "node:test";
import * as names from "./names.ts";

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const table: [string, (value: string) => string[], string, string[]][] = [
  ["subdomain", names.dnsSubdomainErrors, "a.b-c", []],
  ["subdomain", names.dnsSubdomainErrors, "Bad_Name", [SUBDOMAIN]],
  ["subdomain", names.dnsSubdomainErrors, "a".repeat(254), ["must be no more than 253 characters"]],
  ["label", names.dnsLabelErrors, "a.b", ["must not contain dots"]],
  ["label", names.dnsLabelErrors, "-a", [LABEL]],
  ["label", names.dnsLabelErrors, "a".repeat(64), ["must be no more than 63 characters"]],
  ["label key", names.qualifiedNameErrors, "example.com/Name", []],
  ["label key", names.qualifiedNameErrors, "a b", [KEY]],
  ["label key", names.qualifiedNameErrors, "/x", ["prefix part must be non-empty"]],
  ["label key", names.qualifiedNameErrors, "UP/x", [`prefix part ${SUBDOMAIN}`]],
  ["label key", names.qualifiedNameErrors, "x/", ["name part must be non-empty", KEY]],
  ["label key", names.qualifiedNameErrors, "a".repeat(64), ["name part must be no more than 63 bytes"]],
  ["label value", names.labelValueErrors, "", []],
  ["label value", names.labelValueErrors, "c d", [VALUE]],
  ["label value", names.labelValueErrors, "é", [VALUE]],
  ["config key", names.configMapKeyErrors, "a b", [CONFIG]],
  ["config key", names.configMapKeyErrors, "..", ["must not be '..'"]],
  ["config key", names.configMapKeyErrors, "..a", ["must not start with '..'"]],
  ["environment name", names.envVarNameErrors, "my.env-name 1", []],
  [
    "environment name",
    names.envVarNameErrors,
    "A=B",
    ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ],
  ["environment name", names.envVarNameErrors, "", ["environment variable name must be non-empty"]],
  ["built-in finalizer", names.builtinFinalizerErrors, "foregroundDeletion", []],
  ["built-in finalizer", names.builtinFinalizerErrors, "example.com/x", []],
  [
    "built-in finalizer",
    names.builtinFinalizerErrors,
    "mine",
    ["name is neither a standard finalizer name nor is it fully qualified"],
  ],
  ["path segment", names.pathSegmentErrors, "system:node", []],
  ["path segment", names.pathSegmentErrors, "a/b%", ["may not contain '/'", "may not contain '%'"]],
];
for (const [rule, errorsOf, value, expected] of table) {
  test(`${rule} "${value.slice(0, 20)}": ${expected.length} errors`, () =>
    assert.deepEqual(errorsOf(value), expected));
}

test("a generateName is judged without its trailing dash", () => {
  assert.deepEqual(names.dnsLabelErrors(names.maskTrailingDash("job-")), []);
  assert.deepEqual(names.dnsLabelErrors(names.maskTrailingDash("job--")), []);
});
