import { LABEL_CACHE } from "../../api/labels.ts";
import { agentConfigs } from "../../api/resources.ts";
import { persistentVolumeClaims, pods, type PersistentVolumeClaim, type Pod } from "../../kube/builtin.ts";
import { isPodFinished } from "../../plan/jobs/pod-state.ts";
import { activeConfig } from "../../plan/active-config.ts";
import { cachesOf, cachesUsedBy, nameOfCache, sizeOf } from "../../plan/cache-use.ts";
import { cacheClaimName } from "../../plan/specs/names.ts";
import { withCluster, type UserCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { CachesValues } from "../look-options.ts";
import { createTableWriter } from "../tables.ts";

/** Shows the caches of a namespace, or deletes the claim of one. */
export async function runCaches(values: CachesValues, context: CommandContext): Promise<number> {
  const { action, cache } = values;
  if (action === "clear" && cache === undefined) throw new UsageError("clear needs the name of a cache");
  return withCluster(values, context, async (cluster) =>
    action === "clear" ? clear(cluster, cache ?? "", context) : list(cluster, cache, context),
  );
}

async function list(
  cluster: UserCluster,
  only: string | undefined,
  { out }: CommandContext,
): Promise<number> {
  const { client, namespace } = cluster;
  const { items } = await client.list(persistentVolumeClaims, { namespace, labelSelector: LABEL_CACHE });
  const claims = items.filter((claim) => only === undefined || nameOf(claim) === only);
  if (claims.length === 0) {
    out.error(
      `no ${only === undefined ? "caches" : `cache ${only}`} in namespace ${namespace}; a run makes those that it names`,
    );
    return only === undefined ? 0 : 1;
  }
  const users = await client.list(pods, {
    namespace,
    labelSelector: "app.kubernetes.io/managed-by=agent-operator",
  });
  const configs = await client.list(agentConfigs, { namespace });
  const known = activeConfig(configs.items)?.status?.caches;
  const used = new Map(cachesOf(items, users.items, known).map(({ name, lastUsed }) => [name, lastUsed]));
  const columnDefinitions = [
    "Name",
    "Status",
    "Capacity",
    "Access Modes",
    "StorageClass",
    "Created",
    "Last Used",
    "In Use By",
  ].map((name) => ({ name }));
  const rows = claims.map((claim) => ({ cells: cellsOf(claim, users.items, used.get(nameOf(claim))) }));
  const writer = createTableWriter({ columnDefinitions, rows }, { wide: true, withNamespace: false });
  out.line(writer.header());
  for (const row of rows) out.line(writer.line(row));
  return 0;
}

function cellsOf(claim: PersistentVolumeClaim, all: readonly Pod[], lastUsed = "unknown"): string[] {
  const { metadata, spec, status } = claim;
  const users = all.filter((pod) => !isPodFinished(pod) && cachesUsedBy(pod).includes(nameOf(claim)));
  return [
    nameOf(claim),
    metadata.deletionTimestamp === undefined ? (status?.phase ?? "Pending") : "Terminating",
    sizeOf(claim),
    (spec.accessModes ?? []).join(","),
    spec.storageClassName ?? "",
    metadata.creationTimestamp ?? "",
    lastUsed,
    users.length === 0 ? "none" : users.map((pod) => pod.metadata.name).join(","),
  ];
}

function nameOf(claim: PersistentVolumeClaim): string {
  return nameOfCache(claim) ?? "";
}

/** Kubernetes keeps the claim until the last pod that uses it has ended. */
async function clear(
  { client, namespace }: UserCluster,
  cache: string,
  { out }: CommandContext,
): Promise<number> {
  const labelSelector = `${LABEL_CACHE}=${cache}`;
  const { items } = await client.list(persistentVolumeClaims, { namespace, labelSelector });
  const claim = items.find(({ metadata }) => metadata.name === cacheClaimName(cache));
  if (!claim) {
    out.error(`there is no cache ${cache} in namespace ${namespace}`);
    return 1;
  }
  const { name = "", uid = "" } = claim.metadata;
  await client.delete(persistentVolumeClaims, { namespace, name }, { preconditions: { uid } });
  out.line(
    `cache ${cache} is cleared: claim ${name} goes once no pod uses it, and the next run makes a new one`,
  );
  return 0;
}
