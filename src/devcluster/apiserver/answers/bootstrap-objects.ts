import { bootstrapRbac } from "../access/bootstrap-roles.ts";
import type { MutableObject } from "./json-object.ts";

/** Objects of one resource that every cluster has from the start. */
export interface BootstrapObjects {
  readonly group: string;
  readonly plural: string;
  readonly objects: readonly MutableObject[];
}

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];
const RBAC = "rbac.authorization.k8s.io";

const systemPriorities: readonly MutableObject[] = [
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

/** What every cluster has from the start. */
export function bootstrapObjects(): BootstrapObjects[] {
  const { roles, bindings } = bootstrapRbac();
  return [
    { group: "", plural: "namespaces", objects: NAMESPACES.map((name) => ({ metadata: { name } })) },
    { group: RBAC, plural: "clusterroles", objects: roles },
    { group: RBAC, plural: "clusterrolebindings", objects: bindings },
    { group: "scheduling.k8s.io", plural: "priorityclasses", objects: systemPriorities },
  ];
}
