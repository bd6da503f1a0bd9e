import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseDocument } from "yaml";
import packageInfo from "../package.json" with { type: "json" };
import { installFile, installManifests } from "../src/cli/commands/install-manifests.ts";
import { OPERATOR_NAMESPACE } from "../src/local/service-account.ts";
import { imagesIn } from "../src/operator/images.ts";
import { runTool } from "./tools.ts";

interface Release {
  /** Where the images are; undefined: on the nodes, by their bare names. */
  registry?: string | undefined;
  /** The address of the sources, such as https://github.com/OWNER/NAME; undefined: nowhere public. */
  repository?: string | undefined;
}

/**
 * Writes what a release installs into `outdir`: `install.yaml` for kubectl, with the CRDs and the operator, and the
 * chart as `agent-operator-VERSION.tgz` for helm. Both name the same images. Resolves to the two paths.
 */
export async function packageRelease(root: string, outdir: string, release: Release): Promise<string[]> {
  await mkdir(outdir, { recursive: true });
  const file = join(outdir, "install.yaml");
  const choices = { namespace: OPERATOR_NAMESPACE, registry: release.registry };
  await writeFile(file, installFile(await installManifests(join(root, "config"), choices)));
  return [file, await packageChart(root, outdir, release)];
}

async function packageChart(root: string, outdir: string, release: Release): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "agent-operator-chart-"));
  try {
    const chart = join(directory, "agent-operator");
    await cp(join(root, "charts", "agent-operator"), chart, { recursive: true });
    await change(join(chart, "values.yaml"), valuesOf(release));
    await change(join(chart, "Chart.yaml"), placesOf(release));
    await runTool("helm", ["package", chart, "--destination", outdir]);
  } finally {
    await rm(directory, { recursive: true });
  }
  return join(outdir, `agent-operator-${packageInfo.version}.tgz`);
}

type Changes = readonly (readonly [path: readonly string[], value: unknown])[];

function valuesOf({ registry }: Release): Changes {
  if (registry === undefined) return [];
  const { operator, git, agent } = imagesIn(registry);
  return [
    [["image", "repository"], operator.slice(0, operator.lastIndexOf(":"))],
    [["gitImage"], git],
    [["agentImage"], agent],
    [["policies", "limits", "images"], agent.replace(/:[^:/]+$/, ":*")],
  ];
}

function placesOf({ registry, repository }: Release): Changes {
  const images = Object.entries(imagesIn(registry)).map(
    ([name, image]) => `- name: ${name}\n  image: ${image}\n`,
  );
  return [
    [["annotations", "artifacthub.io/images"], images.join("")],
    ...(repository === undefined
      ? []
      : ([
          [["home"], repository],
          [["sources"], [repository]],
        ] as const)),
  ];
}

async function change(path: string, changes: Changes): Promise<void> {
  const document = parseDocument(await readFile(path, "utf8"));
  for (const [at, value] of changes) document.setIn(at, value);
  await writeFile(path, String(document));
}

async function main(): Promise<void> {
  const options = { registry: { type: "string" }, repository: { type: "string" } } as const;
  const { values } = parseArgs({ options });
  const root = join(import.meta.dirname, "..");
  for (const path of await packageRelease(root, join(root, "dist"), values))
    process.stdout.write(`wrote ${path}\n`);
}

if (import.meta.main) await main();
