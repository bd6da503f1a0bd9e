import { humanAge, humanDuration } from "../answers/human-time.ts";
import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../answers/json-object.ts";
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

function accessModes(part: JsonObject): string {
  const modes = part["accessModes"];
  return Array.isArray(modes) ? modes.map((mode) => MODES.get(String(mode)) ?? String(mode)).join(",") : "";
}

const claimColumns = columns(
  {
    Status: (object) =>
      metaOf(object).deletionTimestamp ? "Terminating" : textOf(partOf(object, "status"), "phase"),
    Volume: (object) => textOf(partOf(object, "spec"), "volumeName"),
    // Until it is bound a claim shows no capacity and no modes.
    Capacity: (object) =>
      textOf(partOf(object, "spec"), "volumeName") === ""
        ? ""
        : textOf(partOf(partOf(object, "status"), "capacity"), "storage"),
    "Access Modes": (object) =>
      textOf(partOf(object, "spec"), "volumeName") === "" ? "" : accessModes(partOf(object, "status")),
    StorageClass: (object) => textOf(partOf(object, "spec"), "storageClassName"),
    VolumeAttributesClass: (object) =>
      textOf(partOf(object, "spec"), "volumeAttributesClassName") || "<unset>",
  },
  { VolumeMode: (object) => textOf(partOf(object, "spec"), "volumeMode") || "<unset>" },
);

const volumeColumns = columns({
  Capacity: (object) => textOf(partOf(partOf(object, "spec"), "capacity"), "storage"),
  "Access Modes": (object) => accessModes(partOf(object, "spec")),
  "Reclaim Policy": (object) => textOf(partOf(object, "spec"), "persistentVolumeReclaimPolicy"),
  Status: (object) => textOf(partOf(object, "status"), "phase"),
  Claim: (object) => {
    const claim = partOf(partOf(object, "spec"), "claimRef");
    return textOf(claim, "name") === "" ? "" : `${textOf(claim, "namespace")}/${textOf(claim, "name")}`;
  },
  StorageClass: (object) => textOf(partOf(object, "spec"), "storageClassName"),
  Reason: (object) => textOf(partOf(object, "status"), "reason"),
});

function jobStatus(object: JsonObject): string {
  if (metaOf(object).deletionTimestamp) return "Terminating";
  const conditions = itemsOf(partOf(object, "status"), "conditions");
  const holds = (type: string) =>
    conditions.some((condition) => condition["type"] === type && condition["status"] === "True");
  for (const type of ["Complete", "Failed", "Suspended", "FailureTarget"]) if (holds(type)) return type;
  return holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function jobDuration(object: JsonObject, now: Date): string {
  const status = partOf(object, "status");
  const start = textOf(status, "startTime");
  if (start === "") return "";
  const end = textOf(status, "completionTime");
  return humanDuration((end === "" ? now : new Date(end)).getTime() - new Date(start).getTime());
}

function templateContainers(object: JsonObject): JsonObject[] {
  return itemsOf(partOf(partOf(partOf(object, "spec"), "template"), "spec"), "containers");
}

function joined(items: JsonObject[], field: string): string {
  return items.map((item) => textOf(item, field)).join(",");
}

const jobColumns = columns(
  {
    Status: jobStatus,
    Completions: (object) => {
      const spec = partOf(object, "spec");
      const succeeded = partOf(object, "status")["succeeded"] ?? 0;
      if (spec["completions"] !== undefined) return `${String(succeeded)}/${String(spec["completions"])}`;
      const parallelism = Number(spec["parallelism"] ?? 0);
      return parallelism > 1 ? `${String(succeeded)}/1 of ${parallelism}` : `${String(succeeded)}/1`;
    },
    Duration: jobDuration,
  },
  {
    Containers: (object) => joined(templateContainers(object), "name"),
    Images: (object) => joined(templateContainers(object), "image"),
    Selector: (object) => formatLabelSelector(partOf(partOf(object, "spec"), "selector")),
  },
);

const podColumns = columns(
  {
    Ready: (object, now) => podCells(object, now).ready,
    Status: (object, now) => podCells(object, now).status,
    Restarts: (object, now) => podCells(object, now).restarts,
  },
  {
    IP: (object) => textOf(partOf(object, "status"), "podIP") || "<none>",
    Node: (object) => textOf(partOf(object, "spec"), "nodeName") || "<none>",
    "Nominated Node": (object) => textOf(partOf(object, "status"), "nominatedNodeName") || "<none>",
    "Readiness Gates": () => "<none>",
  },
);

function eventAge(object: JsonObject, now: Date, last: boolean): string {
  const series = partOf(object, "series");
  const first = textOf(object, "firstTimestamp") || textOf(object, "eventTime");
  const latest = textOf(series, "lastObservedTime") || textOf(object, "lastTimestamp") || first;
  return humanAge(last ? latest : first, now);
}

function eventSource(object: JsonObject): string {
  const source = partOf(object, "source");
  const parts = [
    textOf(source, "component") || textOf(object, "reportingComponent"),
    textOf(source, "host") || textOf(object, "reportingInstance"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

const eventColumns: Column[] = [
  column("Last Seen", (object, now) => eventAge(object, now, true)),
  column("Type", (object) => textOf(object, "type")),
  column("Reason", (object) => textOf(object, "reason")),
  column("Object", (object) => {
    const about = partOf(object, "involvedObject");
    return `${textOf(about, "kind").toLowerCase()}/${textOf(about, "name")}`;
  }),
  column("Subobject", (object) => textOf(partOf(object, "involvedObject"), "fieldPath"), 1),
  column("Source", eventSource, 1),
  column("Message", (object) => textOf(object, "message").trim()),
  column("First Seen", (object, now) => eventAge(object, now, false), 1),
  column("Count", (object) => partOf(object, "series")["count"] ?? object["count"] ?? 1, 1),
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
      const role = partOf(object, "roleRef");
      return `${textOf(role, "kind")}/${textOf(role, "name")}`;
    },
  });
}

/** By kind; a kind without its own shows its name and age. */
export const builtinColumns: Readonly<Record<string, readonly Column[]>> = {
  ConfigMap: columns({ Data: (object) => count(object["data"]) + count(object["binaryData"]) }),
  Secret: columns({
    Type: (object) => textOf(object, "type"),
    Data: (object) => count(object["data"]),
  }),
  Namespace: columns({ Status: (object) => textOf(partOf(object, "status"), "phase") }),
  PersistentVolumeClaim: claimColumns,
  PersistentVolume: volumeColumns,
  Pod: podColumns,
  Job: jobColumns,
  Event: eventColumns,
  ServiceAccount: columns({ Secrets: (object) => count(object["secrets"]) }),
  Service: columns({
    Type: (object) => textOf(partOf(object, "spec"), "type"),
    "Cluster-IP": (object) => textOf(partOf(object, "spec"), "clusterIP") || "<none>",
    "External-IP": () => "<none>",
    "Port(s)": (object) =>
      itemsOf(partOf(object, "spec"), "ports")
        .map((port) => `${String(port["port"])}/${textOf(port, "protocol")}`)
        .join(",") || "<none>",
  }),
  Node: columns({
    Status: (object) =>
      itemsOf(partOf(object, "status"), "conditions").some(
        (condition) => condition["type"] === "Ready" && condition["status"] === "True",
      )
        ? "Ready"
        : "NotReady",
    Roles: (object) =>
      Object.keys(metaOf(object).labels ?? {})
        .filter((label) => label.startsWith("node-role.kubernetes.io/"))
        .map((label) => label.slice("node-role.kubernetes.io/".length))
        .join(",") || "<none>",
    Version: (object) => textOf(partOf(partOf(object, "status"), "nodeInfo"), "kubeletVersion"),
  }),
  Lease: columns({ Holder: (object) => textOf(partOf(object, "spec"), "holderIdentity") }),
  StorageClass: columns({
    Provisioner: (object) => textOf(object, "provisioner"),
    ReclaimPolicy: (object) => textOf(object, "reclaimPolicy"),
    VolumeBindingMode: (object) => textOf(object, "volumeBindingMode"),
    AllowVolumeExpansion: (object) => object["allowVolumeExpansion"] === true,
  }),
  Deployment: columns({
    Ready: (object) =>
      `${String(partOf(object, "status")["readyReplicas"] ?? 0)}/${String(partOf(object, "spec")["replicas"] ?? 0)}`,
    "Up-to-date": (object) => partOf(object, "status")["updatedReplicas"] ?? 0,
    Available: (object) => partOf(object, "status")["availableReplicas"] ?? 0,
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
  RuntimeClass: columns({ Handler: (object) => textOf(object, "handler") }),
  MutatingWebhookConfiguration: columns({
    Webhooks: (object) => itemsOf(object, "webhooks").length,
  }),
  ValidatingWebhookConfiguration: columns({
    Webhooks: (object) => itemsOf(object, "webhooks").length,
  }),
};

/** Of a kind without columns of its own. */
export const defaultColumns: readonly Column[] = [nameColumn, ageColumn];
