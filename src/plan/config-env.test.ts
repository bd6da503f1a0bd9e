import assert from "node:assert/strict";
import { test } from "node:test";
import { configEnv } from "./config-env.ts";

test("a proxy is variables in both cases, over which env wins in either", () => {
  const proxy = { https: "http://proxy:3128", noProxy: ".svc" };
  assert.deepEqual(configEnv({ spec: { proxy, env: [{ name: "no_proxy", value: "*" }] } }), [
    { name: "HTTPS_PROXY", value: "http://proxy:3128" },
    { name: "https_proxy", value: "http://proxy:3128" },
    { name: "no_proxy", value: "*" },
  ]);
  assert.deepEqual(configEnv(undefined), []);
});
