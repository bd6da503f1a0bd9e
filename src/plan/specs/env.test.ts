import assert from "node:assert/strict";
import { test } from "node:test";
import { literal, literalEnv, mergeEnv, networkEnv } from "./env.ts";

test("a later list replaces a value where the name first stood", () => {
  const merged = mergeEnv(
    [
      { name: "A", value: "1" },
      { name: "B", value: "1" },
    ],
    [{ name: "C", value: "2" }],
    [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
  );
  assert.deepEqual(merged, [
    { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    { name: "B", value: "1" },
    { name: "C", value: "2" },
  ]);
});

test("every dollar of the operator's own text is doubled, and only those", () => {
  assert.equal(literal("$(HOME) $$ $x {}"), "$$(HOME) $$$$ $$x {}");
  assert.deepEqual(literalEnv({ A: "$", B: "", C: undefined }), [{ name: "A", value: "$$" }]);
});

test("a proxy variable brings along what its value refers to", () => {
  const env = [
    { name: "SECRET", value: "x" },
    { name: "PROXY_HOST", value: "proxy" },
    { name: "PROXY", value: "http://$(PROXY_HOST):3128" },
    { name: "HTTPS_PROXY", value: "$(PROXY)" },
    { name: "LANG", value: "$(SECRET)" },
  ];
  assert.deepEqual(
    networkEnv(env).map(({ name }) => name),
    ["PROXY_HOST", "PROXY", "HTTPS_PROXY"],
  );
});
