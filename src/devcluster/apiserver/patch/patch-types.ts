/** How strategic merge patches treat the built-in types' fields. Source: patchStrategy and patchMergeKey tags of k8s.io/api. */

export interface PatchField {
  /** The struct that the field, or an item of it, holds. */
  readonly type?: string;
  /** A list that is merged: by this key, or (`""`) as a list of scalars. Other lists are replaced. */
  readonly mergeKey?: string;
}

export type PatchType = Readonly<Record<string, PatchField>>;

const container: PatchType = {
  ports: { mergeKey: "containerPort" },
  env: { type: "Env", mergeKey: "name" },
  volumeMounts: { mergeKey: "mountPath" },
  volumeDevices: { mergeKey: "devicePath" },
};

/** Conditions are merged by their type in every status. */
const status: PatchType = { conditions: { mergeKey: "type" } };

const TYPES: Readonly<Record<string, PatchType>> = {
  ObjectMeta: { ownerReferences: { mergeKey: "uid" }, finalizers: { mergeKey: "" } },
  PodTemplateSpec: { metadata: { type: "ObjectMeta" }, spec: { type: "PodSpec" } },
  PodSpec: {
    volumes: { mergeKey: "name" },
    initContainers: { type: "Container", mergeKey: "name" },
    containers: { type: "Container", mergeKey: "name" },
    ephemeralContainers: { type: "Container", mergeKey: "name" },
    imagePullSecrets: { mergeKey: "name" },
    hostAliases: { mergeKey: "ip" },
    topologySpreadConstraints: { mergeKey: "topologyKey" },
    schedulingGates: { mergeKey: "name" },
    resourceClaims: { mergeKey: "name" },
  },
  Container: container,
  PodStatus: {
    ...status,
    podIPs: { mergeKey: "ip" },
    hostIPs: { mergeKey: "ip" },
    resourceClaimStatuses: { mergeKey: "name" },
  },
  Status: status,
  TemplateOwnerSpec: { template: { type: "PodTemplateSpec" } },
  ServiceSpec: { ports: { mergeKey: "port" } },
  NodeSpec: { podCIDRs: { mergeKey: "" } },
  NodeStatus: { ...status, addresses: { mergeKey: "type" } },
};

const WORKLOAD: PatchType = { spec: { type: "TemplateOwnerSpec" }, status: { type: "Status" } };

const KINDS: Readonly<Record<string, PatchType>> = {
  Pod: { spec: { type: "PodSpec" }, status: { type: "PodStatus" } },
  PodTemplate: { template: { type: "PodTemplateSpec" } },
  Job: WORKLOAD,
  Deployment: WORKLOAD,
  ReplicaSet: WORKLOAD,
  StatefulSet: WORKLOAD,
  DaemonSet: WORKLOAD,
  ReplicationController: WORKLOAD,
  Service: { spec: { type: "ServiceSpec" }, status: { type: "Status" } },
  ServiceAccount: { secrets: { mergeKey: "name" } },
  PersistentVolumeClaim: { status: { type: "Status" } },
  Namespace: { status: { type: "Status" } },
  PodDisruptionBudget: { status: { type: "Status" } },
  Node: { spec: { type: "NodeSpec" }, status: { type: "NodeStatus" } },
  MutatingWebhookConfiguration: { webhooks: { mergeKey: "name" } },
  ValidatingWebhookConfiguration: { webhooks: { mergeKey: "name" } },
};

/** The fields of a built-in kind that are not simply replaced; a kind that is not listed has only metadata. */
export function patchTypeOfKind(kind: string): PatchType {
  const own = Object.hasOwn(KINDS, kind) ? KINDS[kind] : {};
  return { metadata: { type: "ObjectMeta" }, ...own };
}

/** What is known of a field's struct. */
export function patchTypeOf(field: PatchField | undefined): PatchType {
  const name = field?.type ?? "";
  return (Object.hasOwn(TYPES, name) ? TYPES[name] : undefined) ?? {};
}
