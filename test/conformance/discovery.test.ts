import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createApiServer, type ApiServer } from "../../src/devcluster/apiserver/server.ts";
import { mask, readScenario, send, type Step } from "./replay.ts";

/** Discovery, against what a real kube-apiserver 1.36 answered: of what is served here, each entry is equal. */

let server: ApiServer;
before(async () => {
  server = await createApiServer();
});
after(() => server.close());

type Entry = Record<string, unknown>;

interface Discovered {
  resources?: Entry[];
  items?: { versions: { resources: Entry[] }[] }[];
}

/** What is served here only in part: the rest of these resources is left out of discovery. */
const partial = new Set(["pods", "nodes", "services"]);

async function answer(step: Step) {
  assert.ok(step.request);
  const response = await send(server.transport(), step.request);
  const text = await response.text();
  const contentType = response.headers["content-type"] ?? "";
  return {
    status: response.status,
    contentType,
    body: contentType.includes("json") ? JSON.parse(text) : text,
  };
}

function compareEntries(served: readonly Entry[], recorded: readonly Entry[], key: string): void {
  const byName = new Map(recorded.map((entry) => [entry[key], entry]));
  const known = served.filter((entry) => byName.has(entry[key]));
  assert.ok(known.length > 0);
  for (const entry of known) {
    const expected = { ...byName.get(entry[key]) };
    delete expected["storageVersionHash"];
    const actual = { ...entry };
    if (partial.has(String(entry[key]))) {
      delete expected["subresources"];
      delete actual["subresources"];
    }
    assert.deepEqual(actual, expected);
  }
}

test("discovery, health and version", async (t) => {
  for (const step of await readScenario("discovery")) {
    await t.test(step.name, async () => {
      const actual = await answer(step);
      const expected = step.response;
      assert.ok(expected);
      assert.equal(actual.status, expected.status);
      assert.equal(actual.contentType, expected.contentType);
      if (step.name === "version") {
        assert.deepEqual(Object.keys(actual.body as Entry), Object.keys(expected.body as Entry));
        assert.match(String((actual.body as Entry)["gitVersion"]), /^v1\.36\.\d+\+/);
        return;
      }
      if (step.name === "livez") {
        assert.match(String(actual.body), /^(\[\+\]\S+ ok\n)+livez check passed\n$/);
        return;
      }
      if (step.name === "api") {
        const withoutAddress = ({ serverAddressByClientCIDRs: _addresses, ...rest }: Entry): Entry => rest;
        assert.deepEqual(withoutAddress(actual.body as Entry), withoutAddress(expected.body as Entry));
        return;
      }
      const recorded = expected.body as Discovered;
      const served = actual.body as Discovered;
      if (recorded.resources !== undefined) {
        compareEntries(served.resources ?? [], recorded.resources, "name");
      } else if (recorded.items !== undefined) {
        const resourcesOf = ({ items }: Discovered) => items?.[0]?.versions[0]?.resources ?? [];
        compareEntries(resourcesOf(served), resourcesOf(recorded), "resource");
      } else {
        assert.deepEqual(mask(served, ""), mask(recorded, ""));
      }
    });
  }
});
