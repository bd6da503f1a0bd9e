import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { configMaps } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { requireTool } from "../support/debian.ts";
import { startPrivateRegistry, type PrivateRegistry } from "../support/private-registry.ts";
import { recipe } from "../support/recipes.ts";
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
    let registry: PrivateRegistry;

    before(async () => {
      await requireTool(PYTHON, "python3");
      await runOk(PYTHON, ["-c", "import ensurepip, pip"]).catch(() => {
        throw new Error("pip is missing: apt-get install --no-install-recommends python3-pip python3-venv");
      });
      await agents.repository.commit(PROJECT);
      const { path } = stack.use(await temporaryDirectory());
      const wheel = join(path, WHEEL);
      await runOk(PYTHON, ["-c", MAKE_WHEEL, wheel]);
      const files = new Map<string, string | Uint8Array>([
        ["/simple/rounding/", `<a href="/${WHEEL}">${WHEEL}</a>`],
        [`/${WHEEL}`, await readFile(wheel)],
      ]);
      registry = stack.use(await startPrivateRegistry(files));
      const data = { "ca.crt": registry.authority };
      await agents.add(configMaps, { metadata: { name: "authority" }, data });
    });
    after(() => stack.disposeAsync());

    it("the agent makes a failing test pass, prepared by the guide's recipe; what one run has downloaded the next one finds", async () => {
      const { caches, setup } = recipe("recipe-python");
      const worked = async (name: string) => {
        const { status } = await agents.run(name, {
          prompt: "total of nothing",
          timeout: "150s",
          env: [
            { name: "PIP_INDEX_URL", value: `${registry.url}/simple` },
            { name: "PIP_DISABLE_PIP_VERSION_CHECK", value: "1" },
          ],
          caBundleRef: { name: "authority", key: "ca.crt" },
          caches: caches?.map((cache) => ({ ...cache, storageSize: "1Gi" })),
          setup: { command: setup?.command.map((part) => part.replace(/^python3 /, `${PYTHON} `)) ?? [] },
          verify: { command: ["sh", "-c", `cat red; ${TEST}`], caches: ["pip"] },
        });
        assert.equal(status?.phase, "Succeeded", status?.message);
        assert.equal(status.verification?.verdict, "Passed", status.verification?.output);
        assert.match(status.verification.output ?? "", /^RED$/m);
      };
      await worked("first");
      await worked("second");
      assert.equal(
        registry.served.filter((url) => url === `/${WHEEL}`).length,
        1,
        registry.served.join("\n"),
      );
      assert.ok(
        registry.served.filter((url) => url === "/simple/rounding/").length >= 4,
        registry.served.join("\n"),
      );
    });
  },
);
