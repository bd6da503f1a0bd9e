import { join } from "node:path";
import { createClient, type Client } from "../../client/client.ts";
import { kubeconfigTransport } from "../../client/kubeconfig.ts";
import type { PodSpec } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { apply, installDefinitions } from "../../local/install.ts";
import type { InstallValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import { readKustomization, type Manifest } from "./manifests.ts";

interface Deployment extends KubeObject {
  spec: { template: { spec: PodSpec } };
}

/** Applies config/crd and config/default to the cluster of the current context. */
export async function runInstall(values: InstallValues, { config, out }: CommandContext): Promise<number> {
  const directory = join(config.packageRoot, "config");
  const definitions = await readKustomization(join(directory, "crd"));
  const operator = (await readKustomization(join(directory, "default"))).map((manifest) =>
    withImages(manifest, values),
  );
  const { transport, server } = await kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
  const client = createClient(transport);
  try {
    out.line(`installing into ${server}`);
    await installDefinitions(client, directory);
    for (const manifest of [...definitions, ...operator]) await applyOne(client, manifest, out.line);
  } finally {
    transport.close();
  }
  out.line("\nkubectl -n agent-operator-system rollout status deployment/agent-operator");
  return 0;
}

async function applyOne(
  client: Client,
  { type, object }: Manifest,
  say: (line: string) => void,
): Promise<void> {
  await apply(client, type, object);
  say(`${type.kind.toLowerCase()}/${object.metadata.name} applied`);
}

/** The Deployment with the images of the flags; everything else as it is. */
function withImages(manifest: Manifest, values: InstallValues): Manifest {
  if (manifest.type.kind !== "Deployment") return manifest;
  const deployment = structuredClone(manifest.object) as Deployment;
  for (const container of deployment.spec.template.spec.containers) {
    container.image = values.image ?? container.image ?? "";
    for (const flag of ["git-image", "agent-image"] as const) {
      if (values[flag] !== undefined)
        container.args = [...(container.args ?? []), `--${flag}=${values[flag]}`];
    }
  }
  return { ...manifest, object: deployment };
}
