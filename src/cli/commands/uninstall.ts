import { join } from "node:path";
import { createClient, type Client } from "../../client/client.ts";
import { isApiError } from "../../client/errors.ts";
import { kubeconfigTransport } from "../../client/kubeconfig.ts";
import { watchResource } from "../../client/watch.ts";
import type { UninstallValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import { installManifests } from "./install-manifests.ts";
import type { Manifest } from "./manifests.ts";

const GONE_LIMIT_MS = 120_000;

/** Deletes what config/default holds, and with `--crds` the CRDs and so every object of theirs. */
export async function runUninstall(
  values: UninstallValues,
  { config, out }: CommandContext,
): Promise<number> {
  const directory = join(config.packageRoot, "config");
  const { definitions, operator } = await installManifests(directory, { namespace: values.namespace });
  const parts = values.crds ? [operator, definitions] : [operator];
  const { transport, server } = await kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
  const client = createClient(transport);
  try {
    out.line(`removing from ${server}`);
    // One part after the other: the operator has to take its finalizers off before its CRDs go.
    for (const part of parts) await removeAll(client, part, out.line);
  } finally {
    transport.close();
  }
  if (!values.crds) out.line("\nthe CRDs and every AgentRun stay; --crds removes them too");
  return 0;
}

/** Asks for all deletions in order and then waits for their ends. */
async function removeAll(
  client: Client,
  manifests: readonly Manifest[],
  say: (line: string) => void,
): Promise<void> {
  for (const { type, object } of manifests) {
    try {
      await client.delete(type, locationOf(object), { propagationPolicy: "Background" });
    } catch (error) {
      if (!isApiError(error, "NotFound")) throw error;
    }
  }
  for (const manifest of manifests) {
    await untilGone(client, manifest);
    say(`${manifest.type.kind.toLowerCase()}/${manifest.object.metadata.name} removed`);
  }
}

async function untilGone(client: Client, { type, object }: Manifest): Promise<void> {
  const { name, namespace } = locationOf(object);
  const signal = AbortSignal.timeout(GONE_LIMIT_MS);
  const selected = {
    ...(namespace === undefined ? {} : { namespace }),
    fieldSelector: `metadata.name=${name}`,
    signal,
  };
  let isThere = false;
  for await (const event of watchResource(client, type, selected)) {
    if (event.kind === "upsert") isThere = true;
    if (event.kind === "listing") isThere = false;
    if (event.kind === "delete" || (event.kind === "sync" && !isThere)) return;
  }
  throw new Error(
    `${type.kind} ${name} is still there after ${GONE_LIMIT_MS / 1_000} s; see what holds it: kubectl get ${type.plural} ${name} -o yaml`,
  );
}

function locationOf({ metadata }: Manifest["object"]): { name: string; namespace?: string } {
  const { name = "", namespace } = metadata;
  return namespace === undefined ? { name } : { name, namespace };
}
