import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { kustomize } from "./support/kustomize.ts";
import { projectRoot, readProjectFiles } from "./support/project-files.ts";

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec?: { versions?: { selectableFields?: object[] }[] };
}

const CACHE = join(projectRoot, "node_modules", ".cache");
const API = "agent.xonovex.com/v1alpha1";

/** What `kubectl kustomize` makes of these files; `from` leads to a path in config/. */
async function built(
  files: (from: (path: string) => string) => Record<string, object[]>,
): Promise<Manifest[]> {
  await mkdir(CACHE, { recursive: true });
  const directory = await mkdtemp(join(CACHE, "kustomization-"));
  try {
    const from = (path: string): string => relative(directory, join(projectRoot, "config", path));
    // Kustomize takes it from the kustomization's own folder only.
    await cp(
      join(projectRoot, "config", "kustomize", "name-reference.yaml"),
      join(directory, "name-reference.yaml"),
    );
    for (const [name, objects] of Object.entries(files(from)))
      await writeFile(join(directory, name), objects.map((each) => stringify(each)).join("---\n"));
    return parse(await kustomize(directory));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function parse(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

describe("config/kustomize/name-reference.yaml", () => {
  it("lets a prefix and the hashes of generators reach every field that holds a name", async () => {
    const objects = await built(() => ({
      "kustomization.yaml": [
        {
          namePrefix: "our-",
          resources: ["objects.yaml"],
          configurations: ["name-reference.yaml"],
          secretGenerator: [{ name: "key", literals: ["api-key=any"] }],
          configMapGenerator: [{ name: "task", literals: ["prompt=work"] }],
        },
      ],
      "objects.yaml": [
        {
          apiVersion: API,
          kind: "AgentProvider",
          metadata: { name: "model" },
          spec: { authTokenSecretRef: { name: "key", key: "api-key" } },
        },
        {
          apiVersion: API,
          kind: "AgentConfig",
          metadata: { name: "default" },
          spec: { defaultProviders: { claude: "model" } },
        },
        {
          apiVersion: API,
          kind: "AgentWorkspace",
          metadata: { name: "shared" },
          spec: { repository: { url: "https://x", credentialsSecretRef: { name: "key", key: "api-key" } } },
        },
        {
          apiVersion: API,
          kind: "AgentRun",
          metadata: { name: "run" },
          spec: {
            providerRef: "model",
            workspaceRef: "shared",
            promptFrom: { configMapKeyRef: { name: "task", key: "prompt" } },
            env: [{ name: "A", valueFrom: { secretKeyRef: { name: "key", key: "api-key" } } }],
            mcpServers: [
              { name: "key", env: [{ name: "B", secretKeyRef: { name: "key", key: "api-key" } }] },
            ],
          },
        },
      ],
    }));
    const named = (kind: string): string => objects.find((each) => each.kind === kind)?.metadata.name ?? "";
    assert.match(named("Secret"), /^our-key-\w+$/);
    assert.match(named("ConfigMap"), /^our-task-\w+$/);
    const text = (kind: string): string => JSON.stringify(objects.find((each) => each.kind === kind)?.spec);
    const secret = `"secretKeyRef":{"key":"api-key","name":"${named("Secret")}"}`;
    for (const [kind, parts] of [
      ["AgentProvider", [named("Secret")]],
      ["AgentConfig", ['"claude":"our-model"']],
      ["AgentWorkspace", [named("Secret")]],
      [
        "AgentRun",
        [
          '"providerRef":"our-model"',
          '"workspaceRef":"our-shared"',
          named("ConfigMap"),
          `"name":"A","valueFrom":{${secret}}`,
          `"name":"B",${secret}`,
        ],
      ],
    ] as const)
      for (const part of parts) assert.ok(text(kind).includes(part), `${part} in ${text(kind)}`);
    // The name of a server is no name of an object.
    assert.match(text("AgentRun"), /"name":"key"\}/);
  });
});

describe("config/components/selectable-fields", () => {
  it("adds the fields to the CRDs that have a phase, and to no other", async () => {
    const objects = await built((from) => ({
      "kustomization.yaml": [
        { resources: [from("crd")], components: [from("components/selectable-fields")] },
      ],
    }));
    const fields = objects
      .filter(({ kind }) => kind === "CustomResourceDefinition")
      .map(({ metadata, spec }) => [metadata.name.split(".")[0], spec?.versions?.[0]?.selectableFields]);
    assert.deepEqual(Object.fromEntries(fields), {
      agentruns: [{ jsonPath: ".status.phase" }, { jsonPath: ".status.agent" }],
      agentworkspaces: [{ jsonPath: ".status.phase" }],
      agentproviders: undefined,
      agentconfigs: undefined,
      agentschedules: undefined,
      agenttriggers: undefined,
      agentnotifiers: undefined,
    });
  });
});

describe("the schemas for editors", () => {
  const samples = readProjectFiles(["config/samples"], ".yaml").filter(
    ({ path }) => !path.endsWith("kustomization.yaml"),
  );

  it("take every sample, which names its schema", async () => {
    for (const { path, text } of samples) {
      for (const part of text.split(/^---\n/m)) {
        const [object] = parse(part);
        if (object === undefined || !object.kind.startsWith("Agent")) continue;
        const [, file = ""] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(part) ?? [];
        const schema = z.fromJSONSchema(
          JSON.parse(await readFile(join(projectRoot, "config/samples", file), "utf8")),
        );
        const read = schema.safeParse(object);
        assert.ok(read.success, `${path}: ${read.error?.message}`);
        assert.equal(schema.safeParse({ ...object, kind: "Other" }).success, false, path);
        const odd = { ...object, spec: { ...object.spec, noSuchField: 1 } };
        assert.equal(schema.safeParse(odd).success, false, path);
      }
    }
  });
});
