import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { configMaps, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { requireTool } from "../support/debian.ts";
import { createGitRepository } from "../support/git-repository.ts";
import { aSecret } from "../support/objects.ts";
import { startPrivateRegistry, type PrivateRegistry } from "../support/private-registry.ts";
import { recipe } from "../support/recipes.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A module that is nowhere but in the test's own proxy. */
const MODULE = "example.com/team/rounding";
const ROUNDING = {
  "go.mod": `module ${MODULE}\n\ngo 1.19\n`,
  "rounding.go":
    'package rounding\n\nimport "math"\n\n// Cents rounds to whole cents.\nfunc Cents(amount float64) float64 { return math.Round(amount*100) / 100 }\n',
};
const PROJECT = {
  "go.mod": `module example.com/team/prices\n\ngo 1.19\n\nrequire ${MODULE} v1.0.0\n`,
  "prices.go": `package prices

import "${MODULE}"

// Total of the prices, in whole cents.
func Total(prices []float64) float64 {
	total := -1.0
	for _, price := range prices {
		total += price
	}
	return rounding.Cents(total)
}
`,
  "prices_test.go":
    'package prices\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif got := Total([]float64{0.1, 0.2}); got != 0.3 {\n\t\tt.Fatal(got)\n\t}\n}\n',
};
const TEST = "go test ./...";
const SCENARIOS = {
  "total is wrong": [
    { actions: [{ run: `${TEST} && echo ALREADY-GREEN >red || echo RED >red` }] },
    {
      actions: [
        { run: `sed -i 's/-1.0/0.0/' prices.go && ${TEST} && git add . && git commit -qm "Begin at 0"` },
      ],
    },
    { text: "Done." },
  ],
};
const [LOGIN, PASSWORD] = ["ci", "sesame-for-modules"];
const ZIP = `/${MODULE}/@v/v1.0.0.zip`;

describe("a Go module with a private module and caches of Go", { timeout: 300_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  let registry: PrivateRegistry;

  before(async () => {
    await requireTool("/usr/bin/go", "golang-go");
    const { path } = stack.use(await temporaryDirectory());
    const proxy = join(path, "proxy");
    const files = await moduleFiles(path, proxy);
    await agents.repository.commit({ ...PROJECT, "go.sum": await goSum(path, proxy) });
    registry = stack.use(await startPrivateRegistry(files, `Basic ${btoa(`${LOGIN}:${PASSWORD}`)}`));
    const data = { "ca.crt": registry.authority };
    await agents.add(configMaps, { metadata: { name: "authority" }, data });
    await agents.add(
      secrets,
      aSecret("netrc", { netrc: `machine 127.0.0.1 login ${LOGIN} password ${PASSWORD}\n` }),
    );
  });
  after(() => stack.disposeAsync());

  it("the agent makes a failing test pass, by the guide's recipe; what one run has downloaded the next one finds", async () => {
    const { env = [], volumes, volumeMounts, caches, setup, verify } = recipe("recipe-go");
    const worked = async (name: string, isVerified: boolean) => {
      const { status } = await agents.run(name, {
        prompt: "total is wrong",
        timeout: "150s",
        env: [
          ...env.filter(({ name: variable }) => variable !== "GOPROXY"),
          { name: "GOPROXY", value: registry.url },
        ],
        caBundleRef: { name: "authority", key: "ca.crt" },
        volumes,
        volumeMounts,
        caches: caches?.map((cache) => ({ ...cache, storageSize: "1Gi" })),
        setup,
        ...(isVerified && {
          verify: { ...verify, command: ["sh", "-c", `cat red; ${verify?.command.join(" ")}`] },
        }),
      });
      assert.equal(status?.phase, "Succeeded", status?.message);
      const { verdict, output = "" } = status.verification ?? {};
      if (isVerified) assert.match(`${verdict}\n${output}`, /^Passed\nRED$/m);
      return registry.served.filter((path) => path === ZIP).length;
    };
    // A verification has no cache of the agent's: it downloads afresh.
    assert.equal(await worked("first", true), 2, registry.served.join("\n"));
    assert.equal(await worked("second", false), 2, registry.served.join("\n"));
  });
});

/** The module as a proxy serves it, by path; `proxy` is filled with the same. */
async function moduleFiles(path: string, proxy: string): Promise<Map<string, Uint8Array>> {
  const { path: source } = await createGitRepository(join(path, "rounding"), ROUNDING);
  const folder = join(proxy, MODULE, "@v");
  await mkdir(folder, { recursive: true });
  const archive = [
    "archive",
    "--format=zip",
    `--prefix=${MODULE}@v1.0.0/`,
    `--output=${folder}/v1.0.0.zip`,
    "HEAD",
  ];
  await runOk("git", ["-C", source, ...archive, ...Object.keys(ROUNDING)]);
  await writeFile(join(folder, "list"), "v1.0.0\n");
  await writeFile(
    join(folder, "v1.0.0.info"),
    JSON.stringify({ Version: "v1.0.0", Time: "2026-01-01T00:00:00Z" }),
  );
  await writeFile(join(folder, "v1.0.0.mod"), ROUNDING["go.mod"]);
  const names = ["list", "v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"];
  return new Map(
    await Promise.all(
      names.map(async (name) => [`/${MODULE}/@v/${name}`, await readFile(join(folder, name))] as const),
    ),
  );
}

/** What a developer has committed. */
async function goSum(path: string, proxy: string): Promise<string> {
  const source = join(path, "prices");
  await mkdir(source);
  await Promise.all(Object.entries(PROJECT).map(([name, text]) => writeFile(join(source, name), text)));
  const env = {
    PATH: process.env["PATH"],
    HOME: path,
    GOPROXY: `file://${proxy}`,
    GONOSUMDB: "*",
    GOFLAGS: "-modcacherw",
  };
  await runOk("/usr/bin/go", ["mod", "tidy"], { cwd: source, env });
  return readFile(join(source, "go.sum"), "utf8");
}
