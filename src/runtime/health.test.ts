import assert from "node:assert/strict";
import { test } from "node:test";
import { healthPage, listenPages, parseBindAddress } from "./health.ts";

test("a bind address is a port with or without a host, or 0 for none", () => {
  assert.deepEqual(parseBindAddress(":8081"), { host: undefined, port: 8081 });
  assert.deepEqual(parseBindAddress("0.0.0.0:8081"), { host: "0.0.0.0", port: 8081 });
  assert.deepEqual(parseBindAddress("localhost:0"), { host: "localhost", port: 0 });
  assert.deepEqual(parseBindAddress("[::1]:80"), { host: "::1", port: 80 });
  assert.equal(parseBindAddress("0"), undefined);
  assert.equal(parseBindAddress(""), undefined);
  for (const wrong of ["8081", ":", ":99999", "a b:80", "::1:80", "host:port"]) {
    assert.throws(
      () => parseBindAddress(wrong),
      /is no address to bind; use HOST:PORT, :PORT, or 0 for none/,
    );
  }
});

test("health is 200 while every check is well, else 503 with what is wrong", async () => {
  let problem: string | undefined;
  const listener = await listenPages(
    { host: "127.0.0.1", port: 0 },
    {
      "/readyz": healthPage({
        caches: () => problem,
        api: async () => undefined,
      }),
      "/broken": healthPage({
        thrower: () => {
          throw new Error("the check itself failed");
        },
      }),
    },
  );
  const ask = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${listener.port}${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask("/readyz"), [200, "ok"]);
  assert.deepEqual(await ask("/readyz?verbose"), [200, "[+]caches ok\n[+]api ok\nok\n"]);
  problem = "pods: not listed yet";
  assert.deepEqual(await ask("/readyz"), [
    503,
    "[-]caches failed: pods: not listed yet\n[+]api ok\nnot ok\n",
  ]);
  assert.deepEqual(await ask("/readyz?exclude=caches"), [200, "ok"]);
  assert.deepEqual(await ask("/broken"), [503, "[-]thrower failed: the check itself failed\nnot ok\n"]);
  assert.deepEqual(await ask("/other"), [404, "not found; there is /readyz, /broken\n"]);
  assert.deepEqual(await ask("//"), [404, "not found; there is /readyz, /broken\n"]);
  await assert.rejects(
    listenPages({ host: "127.0.0.1", port: listener.port }, {}),
    /cannot listen on 127.0.0.1:\d+/,
  );
  await listener.close();
});
