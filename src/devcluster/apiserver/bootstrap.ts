import { bootstrapRbac } from "../../kube/access/bootstrap-roles.ts";
import { administrator } from "../../kube/access/user.ts";
import { metaOf, type JsonObject } from "../../kube/json-object.ts";
import { decodeObject } from "../../kube/request/body.ts";
import type { ApiContext } from "./context.ts";
import { createObject } from "./verbs/create.ts";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

const RBAC = "rbac.authorization.k8s.io";

/** Creates what every cluster has from the start, where it is missing. */
export async function bootstrap(context: ApiContext): Promise<void> {
  const { roles, bindings } = bootstrapRbac();
  const wanted: [group: string, plural: string, objects: JsonObject[]][] = [
    ["", "namespaces", NAMESPACES.map((name) => ({ metadata: { name } }))],
    [RBAC, "clusterroles", roles],
    [RBAC, "clusterrolebindings", bindings],
    ["scheduling.k8s.io", "priorityclasses", systemPriorities],
  ];
  await Promise.all(
    wanted.flatMap(([group, plural, objects]) =>
      objects.map((object) => createMissing(context, group, plural, object)),
    ),
  );
}

const systemPriorities: JsonObject[] = [
  {
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
  {
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
];

async function createMissing(
  context: ApiContext,
  group: string,
  plural: string,
  document: JsonObject,
): Promise<void> {
  const resource = context.registry.find(group, "v1", plural);
  if (resource === undefined) throw new Error(`no resource ${plural} in group "${group}"`);
  const options = {
    dryRun: false,
    fieldManager: "kube-apiserver",
    fieldValidation: "Strict",
    force: false,
  } as const;
  const object = decodeObject(resource, document, options, []);
  if (context.store.table(resource.storage).get(metaOf(object).name ?? "") !== undefined) return;
  const target = { resource, namespace: "", user: administrator, options, warnings: [] };
  await createObject(context, target, object);
}
