import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { packageRelease } from "../scripts/package.ts";
import { locateTool } from "../scripts/tools.ts";
import packageInfo from "../package.json" with { type: "json" };
import { checkoutProgram, projectRoot } from "./support/project-files.ts";
import { runOk } from "./support/run.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";

interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
}

const REGISTRY = "registry.example.com/team";
const REPOSITORY = "https://git.example.com/team/agent-operator";

describe("npm run package", () => {
  const stack = new AsyncDisposableStack();
  let file: string;
  let chart: string;
  before(
    async () => {
      const { path } = stack.use(await temporaryDirectory());
      const release = { registry: REGISTRY, repository: REPOSITORY };
      [file = "", chart = ""] = await packageRelease(projectRoot, path, release);
    },
    { timeout: 60_000 },
  );
  after(() => stack.disposeAsync());

  it("writes what agent-operator install applies", async () => {
    const args = [checkoutProgram, "install", "--registry", REGISTRY, "--dry-run"];
    assert.equal(await runOk(process.execPath, args), await readFile(file, "utf8"));
  });

  it("names images of the registry alone, in the file and in the chart", async () => {
    const version = packageInfo.version;
    const wanted = [
      `"${REGISTRY}/agent-operator:${version}"`,
      `"--git-image=${REGISTRY}/agent-operator-git:${version}"`,
      `"--agent-image=${REGISTRY}/agent-operator-agent:${version}"`,
    ];
    for (const objects of [await inFile(), await inChart()]) {
      const text = JSON.stringify(objects.filter(({ kind }) => kind === "Deployment"));
      for (const image of wanted) assert.ok(text.includes(image), `${image} in ${text}`);
    }
  });

  it("puts the same objects into both, but for the namespace", async () => {
    const shown = (objects: Manifest[]): string[] =>
      objects
        .filter(({ kind }) => kind !== "Namespace")
        .map(({ kind, metadata }) => `${kind}/${metadata.name}`)
        .toSorted();
    assert.deepEqual(shown(await inChart()), shown(await inFile()));
  });

  it("makes a chart that a registry can show", async () => {
    const text = await runOk(await locateTool("helm"), ["show", "chart", chart]);
    const shown = parseAllDocuments(text)[0]?.toJS();
    assert.equal(shown.version, packageInfo.version);
    assert.equal(shown.home, REPOSITORY);
    assert.deepEqual(shown.sources, [REPOSITORY]);
    assert.match(shown.icon, /^data:image\/svg\+xml;base64,/);
    const images = parseAllDocuments(shown.annotations["artifacthub.io/images"])[0]?.toJS();
    assert.equal(images.length, 3);
    for (const { image } of images) assert.ok(image.startsWith(`${REGISTRY}/`), image);
    const definitions = parseAllDocuments(shown.annotations["artifacthub.io/crds"])[0]?.toJS();
    const kinds = definitions.map(({ kind }: { kind: string }) => kind).toSorted();
    assert.deepEqual(kinds, [
      "AgentConfig",
      "AgentNotifier",
      "AgentProvider",
      "AgentRun",
      "AgentSchedule",
      "AgentTrigger",
      "AgentWorkspace",
    ]);
    assert.match(await runOk(await locateTool("helm"), ["show", "readme", chart]), /`image\.repository`/);
  });

  it("lets the policies of the chart allow the images of the registry", async () => {
    const objects = await inChart("--set", "policies.enabled=true");
    const text = JSON.stringify(objects.filter(({ kind }) => kind === "ConfigMap"));
    assert.ok(text.includes(`"images":"${REGISTRY}/agent-operator-agent:*"`), text);
  });

  async function inFile(): Promise<Manifest[]> {
    return parseAllDocuments(await readFile(file, "utf8")).map((document) => document.toJS() as Manifest);
  }

  async function inChart(...more: string[]): Promise<Manifest[]> {
    const args = ["template", "agent-operator", chart, "--namespace", "agent-operator-system", ...more];
    return parseAllDocuments(await runOk(await locateTool("helm"), args))
      .map((document) => document.toJS() as Manifest | null)
      .filter((object) => object !== null);
  }
});
