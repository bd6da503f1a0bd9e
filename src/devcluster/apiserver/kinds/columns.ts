import { humanAge, humanDuration } from "../answers/human-time.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { podCells } from "./pod-cells.ts";
import type { Column } from "./resource.ts";
import { formatLabelSelector } from "./selector-text.ts";

/** Printed columns of the built-in kinds. Source: kubernetes pkg/printers/internalversion. */

type Cell = Column["cell"];

/** The first column of every kind. */
export const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  cell: (object) => metaOf(object).name ?? "",
};

const ageColumn: Column = {
  name: "Age",
  type: "string",
  cell: (object, now) => humanAge(metaOf(object).creationTimestamp, now),
};

function column(name: string, cell: Cell, priority = 0): Column {
  return { name, type: "string", priority, cell };
}

/** Name, the kind's own columns, Age, then what only `-o wide` shows. */
function columns(cells: Record<string, Cell>, wide: Record<string, Cell> = {}): Column[] {
  return [
    nameColumn,
    ...Object.entries(cells).map(([name, cell]) => column(name, cell)),
    ageColumn,
    ...Object.entries(wide).map(([name, cell]) => column(name, cell, 1)),
  ];
}

function count(value: unknown): number {
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

const MODES: ReadonlyMap<string, string> = new Map([
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
]);

function accessModes(part: MutableObject): string {
  const modes = part["accessModes"];
  return Array.isArray(modes) ? modes.map((mode) => MODES.get(String(mode)) ?? String(mode)).join(",") : "";
}

const claimColumns = columns(
  {
    Status: (object) =>
      metaOf(object).deletionTimestamp ? "Terminating" : textAt(objectAt(object, "status"), "phase"),
    Volume: (object) => textAt(objectAt(object, "spec"), "volumeName"),
    // Until it is bound a claim shows no capacity and no modes.
    Capacity: (object) =>
      textAt(objectAt(object, "spec"), "volumeName") === ""
        ? ""
        : textAt(objectAt(objectAt(object, "status"), "capacity"), "storage"),
    "Access Modes": (object) =>
      textAt(objectAt(object, "spec"), "volumeName") === "" ? "" : accessModes(objectAt(object, "status")),
    StorageClass: (object) => textAt(objectAt(object, "spec"), "storageClassName"),
    VolumeAttributesClass: (object) =>
      textAt(objectAt(object, "spec"), "volumeAttributesClassName") || "<unset>",
  },
  { VolumeMode: (object) => textAt(objectAt(object, "spec"), "volumeMode") || "<unset>" },
);

const volumeColumns = columns({
  Capacity: (object) => textAt(objectAt(objectAt(object, "spec"), "capacity"), "storage"),
  "Access Modes": (object) => accessModes(objectAt(object, "spec")),
  "Reclaim Policy": (object) => textAt(objectAt(object, "spec"), "persistentVolumeReclaimPolicy"),
  Status: (object) => textAt(objectAt(object, "status"), "phase"),
  Claim: (object) => {
    const claim = objectAt(objectAt(object, "spec"), "claimRef");
    return textAt(claim, "name") === "" ? "" : `${textAt(claim, "namespace")}/${textAt(claim, "name")}`;
  },
  StorageClass: (object) => textAt(objectAt(object, "spec"), "storageClassName"),
  Reason: (object) => textAt(objectAt(object, "status"), "reason"),
});

function jobStatus(object: MutableObject): string {
  if (metaOf(object).deletionTimestamp) return "Terminating";
  const conditions = objectsAt(objectAt(object, "status"), "conditions");
  const holds = (type: string) =>
    conditions.some((condition) => condition["type"] === type && condition["status"] === "True");
  for (const type of ["Complete", "Failed", "Suspended", "FailureTarget"]) if (holds(type)) return type;
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function jobDuration(object: MutableObject, now: Date): string {
  const status = objectAt(object, "status");
  const start = textAt(status, "startTime");
  if (start === "") return "";
  const end = textAt(status, "completionTime");
  return humanDuration((end === "" ? now : new Date(end)).getTime() - new Date(start).getTime());
}

function templateContainers(object: MutableObject): MutableObject[] {
  return objectsAt(objectAt(objectAt(objectAt(object, "spec"), "template"), "spec"), "containers");
}

function joined(items: MutableObject[], field: string): string {
  return items.map((item) => textAt(item, field)).join(",");
}

const jobColumns = columns(
  {
    Status: jobStatus,
    Completions: (object) => {
      const spec = objectAt(object, "spec");
      const succeeded = objectAt(object, "status")["succeeded"] ?? 0;
      if (spec["completions"] !== undefined) return `${String(succeeded)}/${String(spec["completions"])}`;
      const parallelism = Number(spec["parallelism"] ?? 0);
      return parallelism > 1 ? `${String(succeeded)}/1 of ${parallelism}` : `${String(succeeded)}/1`;
    },
    Duration: jobDuration,
  },
  {
    Containers: (object) => joined(templateContainers(object), "name"),
    Images: (object) => joined(templateContainers(object), "image"),
    Selector: (object) => formatLabelSelector(objectAt(objectAt(object, "spec"), "selector")),
  },
);

const podColumns = columns(
  {
    Ready: (object, now) => podCells(object, now).ready,
    Status: (object, now) => podCells(object, now).status,
    Restarts: (object, now) => podCells(object, now).restarts,
  },
  {
    IP: (object) => textAt(objectAt(object, "status"), "podIP") || "<none>",
    Node: (object) => textAt(objectAt(object, "spec"), "nodeName") || "<none>",
    "Nominated Node": (object) => textAt(objectAt(object, "status"), "nominatedNodeName") || "<none>",
    "Readiness Gates": () => "<none>",
  },
);

function eventAge(object: MutableObject, now: Date, last: boolean): string {
  const series = objectAt(object, "series");
  const first = textAt(object, "firstTimestamp") || textAt(object, "eventTime");
  const latest = textAt(series, "lastObservedTime") || textAt(object, "lastTimestamp") || first;
  return humanAge(last ? latest : first, now);
}

function eventSource(object: MutableObject): string {
  const source = objectAt(object, "source");
  const parts = [
    textAt(source, "component") || textAt(object, "reportingComponent"),
    textAt(source, "host") || textAt(object, "reportingInstance"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

const eventColumns: Column[] = [
  column("Last Seen", (object, now) => eventAge(object, now, true)),
  column("Type", (object) => textAt(object, "type")),
  column("Reason", (object) => textAt(object, "reason")),
  column("Object", (object) => {
    const about = objectAt(object, "involvedObject");
    return `${textAt(about, "kind").toLowerCase()}/${textAt(about, "name")}`;
  }),
  column("Subobject", (object) => textAt(objectAt(object, "involvedObject"), "fieldPath"), 1),
  column("Source", eventSource, 1),
  column("Message", (object) => textAt(object, "message").trim()),
  column("First Seen", (object, now) => eventAge(object, now, false), 1),
  column("Count", (object) => objectAt(object, "series")["count"] ?? object["count"] ?? 1, 1),
  { ...nameColumn, priority: 1 },
];

const customResourceDefinitionColumns: Column[] = [
  nameColumn,
  {
    name: "Created At",
    type: "date",
    cell: (object) => metaOf(object).creationTimestamp ?? "",
  },
];

function createdAt(): Column[] {
  return customResourceDefinitionColumns;
}

function bindingColumns(): Column[] {
  return columns({
    Role: (object) => {
      const role = objectAt(object, "roleRef");
      return `${textAt(role, "kind")}/${textAt(role, "name")}`;
    },
  });
}

/** By kind; a kind without its own shows its name and age. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  ConfigMap: columns({ Data: (object) => count(object["data"]) + count(object["binaryData"]) }),
  Secret: columns({
    Type: (object) => textAt(object, "type"),
    Data: (object) => count(object["data"]),
  }),
  Namespace: columns({ Status: (object) => textAt(objectAt(object, "status"), "phase") }),
  PersistentVolumeClaim: claimColumns,
  PersistentVolume: volumeColumns,
  Pod: podColumns,
  Job: jobColumns,
  Event: eventColumns,
  ServiceAccount: columns({ Secrets: (object) => count(object["secrets"]) }),
  Service: columns({
    Type: (object) => textAt(objectAt(object, "spec"), "type"),
    "Cluster-IP": (object) => textAt(objectAt(object, "spec"), "clusterIP") || "<none>",
    "External-IP": () => "<none>",
    "Port(s)": (object) =>
      objectsAt(objectAt(object, "spec"), "ports")
        .map((port) => `${String(port["port"])}/${textAt(port, "protocol")}`)
        .join(",") || "<none>",
  }),
  Node: columns({
    Status: (object) =>
      objectsAt(objectAt(object, "status"), "conditions").some(
        (condition) => condition["type"] === "Ready" && condition["status"] === "True",
      )
        ? "Ready"
        : "NotReady",
    Roles: (object) =>
      Object.keys(metaOf(object).labels ?? {})
        .filter((label) => label.startsWith("node-role.kubernetes.io/"))
        .map((label) => label.slice("node-role.kubernetes.io/".length))
        .join(",") || "<none>",
    Version: (object) => textAt(objectAt(objectAt(object, "status"), "nodeInfo"), "kubeletVersion"),
  }),
  Lease: columns({ Holder: (object) => textAt(objectAt(object, "spec"), "holderIdentity") }),
  StorageClass: columns({
    Provisioner: (object) => textAt(object, "provisioner"),
    ReclaimPolicy: (object) => textAt(object, "reclaimPolicy"),
    VolumeBindingMode: (object) => textAt(object, "volumeBindingMode"),
    AllowVolumeExpansion: (object) => object["allowVolumeExpansion"] === true,
  }),
  Deployment: columns({
    Ready: (object) =>
      `${String(objectAt(object, "status")["readyReplicas"] ?? 0)}/${String(objectAt(object, "spec")["replicas"] ?? 0)}`,
    "Up-to-date": (object) => objectAt(object, "status")["updatedReplicas"] ?? 0,
    Available: (object) => objectAt(object, "status")["availableReplicas"] ?? 0,
  }),
  Role: createdAt(),
  ClusterRole: createdAt(),
  RoleBinding: bindingColumns(),
  ClusterRoleBinding: bindingColumns(),
  CustomResourceDefinition: createdAt(),
  PriorityClass: columns({
    Value: (object) => object["value"],
    "Global-Default": (object) => object["globalDefault"] === true,
  }),
  RuntimeClass: columns({ Handler: (object) => textAt(object, "handler") }),
  MutatingWebhookConfiguration: columns({
    Webhooks: (object) => objectsAt(object, "webhooks").length,
  }),
  ValidatingWebhookConfiguration: columns({
    Webhooks: (object) => objectsAt(object, "webhooks").length,
  }),
};

/** Of a kind without its own columns. */
export const defaultColumns: readonly Column[] = [nameColumn, ageColumn];
