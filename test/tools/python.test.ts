import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadPki } from "../../src/devcluster/pki.ts";
import { configMaps } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { requireTool } from "../support/debian.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Debian's, which pods find. */
const PYTHON = "/usr/bin/python3";
const WHEEL = "rounding-1.0-py3-none-any.whl";
/** A package that is nowhere but in the test's own index. */
const MAKE_WHEEL = `
import sys, zipfile
info = "rounding-1.0.dist-info"
files = {
    "rounding.py": "def cents(amount):\\n    return round(amount, 2)\\n",
    info + "/METADATA": "Metadata-Version: 2.1\\nName: rounding\\nVersion: 1.0\\n",
    info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
    wheel.writestr(info + "/RECORD", "".join(name + ",,\\n" for name in [*files, info + "/RECORD"]))
`;
const PROJECT = {
  ".gitignore": ".venv\n__pycache__\n",
  "requirements.txt": "rounding==1.0\n",
  "prices.py":
    "from rounding import cents\n\n\ndef total(prices):\n    return cents(sum(prices)) if prices else None\n",
  "test_prices.py":
    "import unittest\nfrom prices import total\n\n\nclass Total(unittest.TestCase):\n    def test_sum(self):\n        self.assertEqual(total([0.1, 0.2]), 0.3)\n\n    def test_nothing(self):\n        self.assertEqual(total([]), 0)\n",
};
const TEST = ".venv/bin/python -m unittest -q";
const SCENARIOS = {
  "total of nothing": [
    { actions: [{ run: `${TEST} && echo ALREADY-GREEN >red || echo RED >red` }] },
    {
      actions: [
        {
          run: `sed -i 's/ if prices else None//' prices.py && ${TEST} && git add . && git commit -qm "The total of nothing is 0"`,
        },
      ],
    },
    { text: "Done." },
  ],
};

describe(
  "a Python package with a private index, a private authority and a cache of pip",
  { timeout: 300_000 },
  () => {
    const agents = useAgentCluster(SCENARIOS);
    const stack = new AsyncDisposableStack();
    const asked: string[] = [];
    let index = "";

    before(async () => {
      await requireTool(PYTHON, "python3");
      await runOk(PYTHON, ["-c", "import ensurepip, pip"]).catch(() => {
        throw new Error("pip is missing: apt-get install --no-install-recommends python3-pip python3-venv");
      });
      await agents.repository.commit(PROJECT);
      const { path } = stack.use(await temporaryDirectory());
      const wheel = join(path, WHEEL);
      await runOk(PYTHON, ["-c", MAKE_WHEEL, wheel]);
      const content = await readFile(wheel);
      const { ca, serverKey, serverCertificate } = await loadPki(undefined, new Date());
      const { client, namespace } = agents.cluster;
      await client.create(configMaps, { metadata: { name: "authority", namespace }, data: { "ca.crt": ca } });
      const server = createServer({ key: serverKey, cert: serverCertificate }, ({ url = "/" }, response) => {
        asked.push(url);
        if (url === "/simple/rounding/")
          response.writeHead(200, { "content-type": "text/html" }).end(`<a href="/${WHEEL}">${WHEEL}</a>`);
        else if (url === `/${WHEEL}`)
          response.writeHead(200, { "cache-control": "max-age=86400" }).end(content);
        else response.writeHead(404).end();
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      stack.defer(() => void server.closeAllConnections());
      stack.defer(() => void server.close());
      const address = server.address();
      index = `https://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/simple`;
    });
    after(() => stack.disposeAsync());

    it("the agent makes a failing test pass; what one run has downloaded the next one finds", async () => {
      const worked = async (name: string) => {
        const { status } = await agents.run(name, {
          prompt: "total of nothing",
          timeout: "150s",
          env: [
            { name: "PIP_INDEX_URL", value: index },
            { name: "PIP_DISABLE_PIP_VERSION_CHECK", value: "1" },
          ],
          caBundleRef: { name: "authority", key: "ca.crt" },
          caches: [{ name: "pip", mountPath: "/home/agent/.cache/pip", storageSize: "1Gi" }],
          setup: {
            command: ["sh", "-c", `${PYTHON} -m venv .venv && .venv/bin/pip install -q -r requirements.txt`],
          },
          verify: { command: ["sh", "-c", `cat red; ${TEST}`], caches: ["pip"] },
        });
        assert.equal(status?.phase, "Succeeded", status?.message);
        assert.equal(status.verification?.verdict, "Passed", status.verification?.output);
        assert.match(status.verification.output ?? "", /^RED$/m);
      };
      await worked("first");
      await worked("second");
      assert.equal(asked.filter((url) => url === `/${WHEEL}`).length, 1, JSON.stringify(asked));
      assert.ok(asked.filter((url) => url === "/simple/rounding/").length >= 4, JSON.stringify(asked));
    });
  },
);
