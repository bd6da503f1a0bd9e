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

test("a proxy variable brings along what its value refers to, under a name that no program knows", () => {
  const env = [
    { name: "GIT_TRACE_CURL", value: "/workspace-run/trace" },
    { name: "PROXY_HOST", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    { name: "PROXY", value: "http://$(PROXY_HOST):$$(PROXY_HOST)$(ABSENT)" },
    { name: "HTTPS_PROXY", value: "$(PROXY)" },
    { name: "NO_PROXY", value: "x,$(GIT_TRACE_CURL)" },
    { name: "LANG", value: "$(PROXY_HOST)" },
  ];
  assert.deepEqual(networkEnv(env), [
    { name: "AGENT_NETWORK_GIT_TRACE_CURL", value: "/workspace-run/trace" },
    { name: "AGENT_NETWORK_PROXY_HOST", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
    {
      name: "AGENT_NETWORK_PROXY",
      value: "http://$(AGENT_NETWORK_PROXY_HOST):$$(PROXY_HOST)$(ABSENT)",
    },
    { name: "HTTPS_PROXY", value: "$(AGENT_NETWORK_PROXY)" },
    { name: "NO_PROXY", value: "x,$(AGENT_NETWORK_GIT_TRACE_CURL)" },
  ]);
});

test("a repository's own CA bundle takes the place of every other way to trust its host", () => {
  const env = ["HTTPS_PROXY", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY"].map((name) => ({
    name,
    value: "x",
  }));
  assert.deepEqual(
    networkEnv(env, { caBundle: { name: "ca", key: "ca.crt" } }).map(({ name }) => name),
    ["HTTPS_PROXY"],
  );
  assert.equal(networkEnv(env).length, 4);
});
