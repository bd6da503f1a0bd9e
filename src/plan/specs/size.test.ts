import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import type { Container, Job } from "../../kube/builtin.ts";
import { tooLarge } from "./size.ts";

const KIB = 1024;

function jobOf(agent: Partial<Container>): Job {
  const containers = [{ name: "agent", image: "i", ...agent }];
  return {
    metadata: { name: "r" },
    spec: { template: { metadata: {}, spec: { containers } } },
  } as unknown as Job;
}

const variables = (count: number, size: number): { name: string; value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ name: `V${index}`, value: "x".repeat(size) }));

const TABLE: [what: string, agent: Partial<Container>, says: RegExp | undefined][] = [
  ["what fits", { env: variables(8, 100 * KIB) }, undefined],
  [
    "a doubled dollar, which is one on the node",
    { env: [{ name: "A", value: "$$".repeat(127 * KIB) }] },
    undefined,
  ],
  [
    "one variable",
    { env: [{ name: "A", value: "x".repeat(128 * KIB - 2) }] },
    /variable A of container agent/,
  ],
  [
    "one variable in bytes",
    { env: [{ name: "A", value: "é".repeat(65 * KIB) }] },
    /variable A .* 133123 bytes/,
  ],
  [
    "one argument",
    { args: ["x".repeat(128 * KIB)] },
    /argument 0 of container agent would have 131073 bytes/,
  ],
  ["all together", { env: variables(20, 100 * KIB) }, /arguments and variables of container agent/],
  ["the Job", { env: variables(15, 100 * KIB) }, /the Job would have \d+ bytes/],
];
for (const [what, agent, says] of TABLE) {
  test(`${what}: ${says === undefined ? "is let through" : "is too large"}`, () => {
    const said = tooLarge(jobOf(agent));
    if (says === undefined) assert.equal(said, undefined);
    else assert.match(said ?? "", says);
  });
}

test("the kernel takes what is let through, and refuses one byte more in one variable", () => {
  const start = (size: number): string | undefined =>
    spawnSync("/bin/true", [], { env: { A: "x".repeat(size) } }).error?.message;
  const largest = 128 * KIB - "A=".length - 1;
  assert.equal(tooLarge(jobOf({ env: [{ name: "A", value: "x".repeat(largest) }] })), undefined);
  assert.equal(start(largest), undefined);
  assert.match(
    tooLarge(jobOf({ env: [{ name: "A", value: "x".repeat(largest + 1) }] })) ?? "",
    /131073 bytes/,
  );
  assert.match(start(largest + 1) ?? "", /E2BIG/);
});
