import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectAt, textAt } from "../../../kube/json.ts";
import { dnsLabelErrors, maskTrailingDash, pathSegmentErrors } from "../../../kube/names.ts";
import * as defaults from "./defaults.ts";
import { fromCoreEvent, toCoreEvent } from "./events.ts";
import { storageKey, type Strategy, type Subresource } from "./resource.ts";
import { bindPod, finalizeNamespace } from "./subresources.ts";

/** One built-in resource as data; what is left out is the ordinary case. */
export interface Declaration {
  group?: string;
  plural: string;
  kind: string;
  type?: string;
  singular?: string;
  clusterScoped?: boolean;
  short?: string[];
  categories?: string[];
  status?: boolean;
  subresources?: Subresource[];
  storage?: string;
  fields?: Record<string, (object: MutableObject) => string>;
  strategy?: Partial<Strategy>;
  noDeleteCollection?: boolean;
}

const NAMES_ARE_PATH_SEGMENTS = (name: string): string[] => pathSegmentErrors(name);
const NAMES_ARE_LABELS = (name: string, isPrefix: boolean): string[] =>
  dnsLabelErrors(isPrefix ? maskTrailingDash(name) : name);

const RBAC = "rbac.authorization.k8s.io";
const ADMISSION = "admissionregistration.k8s.io";

function eventFields(about: string): Record<string, (object: MutableObject) => string> {
  const parts = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
  const ofObject = parts.map((part): [string, (object: MutableObject) => string] => [
    `${about}.${part}`,
    (event) => textAt(objectAt(event, about), part),
  ]);
  return {
    ...Object.fromEntries(ofObject),
    reason: (event) => textAt(event, "reason"),
    type: (event) => textAt(event, "type"),
    ...(about === "involvedObject"
      ? {
          reportingComponent: (event) => textAt(event, "reportingComponent"),
          source: (event) =>
            textAt(objectAt(event, "source"), "component") || textAt(event, "reportingComponent"),
        }
      : { reportingController: (event) => textAt(event, "reportingController") }),
  };
}

const podFields: Record<string, (object: MutableObject) => string> = {
  "spec.nodeName": (pod) => textAt(objectAt(pod, "spec"), "nodeName"),
  "spec.restartPolicy": (pod) => textAt(objectAt(pod, "spec"), "restartPolicy"),
  "spec.schedulerName": (pod) => textAt(objectAt(pod, "spec"), "schedulerName"),
  "spec.serviceAccountName": (pod) => textAt(objectAt(pod, "spec"), "serviceAccountName"),
  "spec.hostNetwork": (pod) => String(objectAt(pod, "spec")["hostNetwork"] === true),
  "status.phase": (pod) => textAt(objectAt(pod, "status"), "phase"),
  "status.podIP": (pod) => textAt(objectAt(pod, "status"), "podIP"),
  "status.nominatedNodeName": (pod) => textAt(objectAt(pod, "status"), "nominatedNodeName"),
};

function podGrace(pod: MutableObject): number {
  const spec = objectAt(pod, "spec");
  const phase = textAt(objectAt(pod, "status"), "phase");
  if (textAt(spec, "nodeName") === "" || phase === "Succeeded" || phase === "Failed") return 0;
  return Number(spec["terminationGracePeriodSeconds"] ?? 30);
}

/** The built-in resources, but for CustomResourceDefinitions. */
export const declarations: readonly Declaration[] = [
  { plural: "configmaps", kind: "ConfigMap", short: ["cm"] },
  {
    plural: "secrets",
    kind: "Secret",
    fields: { type: (secret) => textAt(secret, "type") },
    strategy: { setDefaults: defaults.defaultSecret },
  },
  {
    plural: "namespaces",
    kind: "Namespace",
    clusterScoped: true,
    short: ["ns"],
    status: true,
    noDeleteCollection: true,
    subresources: [{ name: "finalize", kind: "Namespace", verbs: ["update"], change: finalizeNamespace }],
    fields: { "status.phase": (namespace) => textAt(objectAt(namespace, "status"), "phase") },
    strategy: {
      setDefaults: defaults.defaultNamespace,
      prepareForCreate: defaults.prepareNewNamespace,
      prepareForUpdate: (namespace, old) => void (namespace["spec"] = old["spec"]),
      validateName: NAMES_ARE_LABELS,
      isHeld: (namespace) => {
        const finalizers = objectAt(namespace, "spec")["finalizers"];
        return Array.isArray(finalizers) && finalizers.length > 0;
      },
      beginDeletion(namespace) {
        namespace["status"] = { ...objectAt(namespace, "status"), phase: "Terminating" };
        return true;
      },
    },
  },
  {
    plural: "pods",
    kind: "Pod",
    short: ["po"],
    categories: ["all"],
    status: true,
    subresources: [
      { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
      { name: "log", kind: "Pod", verbs: ["get"] },
      { name: "exec", kind: "PodExecOptions", verbs: ["create", "get"] },
      { name: "attach", kind: "PodAttachOptions", verbs: ["create", "get"] },
      { name: "binding", kind: "Binding", verbs: ["create"], change: bindPod },
    ],
    fields: podFields,
    strategy: {
      setDefaults: defaults.defaultPod,
      prepareForCreate: defaults.prepareNewPod,
      gracePeriodSeconds: podGrace,
      generation: true,
      returnsDeleted: true,
    },
  },
  {
    plural: "persistentvolumeclaims",
    kind: "PersistentVolumeClaim",
    short: ["pvc"],
    status: true,
    strategy: {
      setDefaults: defaults.defaultClaim,
      prepareForCreate(claim) {
        claim["status"] = { phase: "Pending" };
        const meta = metaOf(claim);
        const protection = "kubernetes.io/pvc-protection";
        if (!meta.finalizers?.includes(protection)) {
          meta.finalizers = [...(meta.finalizers ?? []), protection];
        }
      },
      returnsDeleted: true,
    },
  },
  {
    plural: "persistentvolumes",
    kind: "PersistentVolume",
    clusterScoped: true,
    short: ["pv"],
    status: true,
    strategy: {
      setDefaults: defaults.defaultVolumeObject,
      prepareForCreate: (volume) => void (volume["status"] = { phase: "Pending" }),
      returnsDeleted: true,
    },
  },
  {
    plural: "serviceaccounts",
    kind: "ServiceAccount",
    short: ["sa"],
    subresources: [
      {
        name: "token",
        kind: "TokenRequest",
        group: "authentication.k8s.io",
        version: "v1",
        verbs: ["create"],
      },
    ],
    strategy: { returnsDeleted: true },
  },
  {
    plural: "services",
    kind: "Service",
    short: ["svc"],
    categories: ["all"],
    status: true,
    strategy: {
      validateName: NAMES_ARE_LABELS,
      setDefaults: defaults.defaultService,
      prepareForCreate: (service) => void (service["status"] = { loadBalancer: {} }),
      returnsDeleted: true,
    },
  },
  { plural: "nodes", kind: "Node", clusterScoped: true, short: ["no"], status: true },
  {
    plural: "events",
    kind: "Event",
    short: ["ev"],
    fields: eventFields("involvedObject"),
    strategy: { validateName: NAMES_ARE_PATH_SEGMENTS },
  },
  {
    group: "events.k8s.io",
    plural: "events",
    kind: "Event",
    type: "EventV1",
    short: ["ev"],
    storage: storageKey("", "events"),
    fields: eventFields("regarding"),
    strategy: {
      validateName: NAMES_ARE_PATH_SEGMENTS,
      toStored: toCoreEvent,
      fromStored: fromCoreEvent,
    },
  },
  {
    group: "batch",
    plural: "jobs",
    kind: "Job",
    categories: ["all"],
    status: true,
    fields: { "status.successful": (job) => String(objectAt(job, "status")["succeeded"] ?? 0) },
    strategy: {
      setDefaults: defaults.defaultJob,
      prepareForCreate: defaults.prepareNewJob,
      generation: true,
      defaultPropagation: "Orphan",
    },
  },
  {
    group: "apps",
    plural: "deployments",
    kind: "Deployment",
    short: ["deploy"],
    categories: ["all"],
    status: true,
    strategy: {
      setDefaults: defaults.defaultDeployment,
      prepareForCreate: (deployment) => void (deployment["status"] = {}),
      generation: true,
    },
  },
  { group: "coordination.k8s.io", plural: "leases", kind: "Lease", strategy: { unconditionalUpdate: false } },
  {
    group: "storage.k8s.io",
    plural: "storageclasses",
    kind: "StorageClass",
    singular: "storageclass",
    clusterScoped: true,
    short: ["sc"],
    strategy: { setDefaults: defaults.defaultStorageClass },
  },
  { group: RBAC, plural: "roles", kind: "Role", strategy: { validateName: NAMES_ARE_PATH_SEGMENTS } },
  {
    group: RBAC,
    plural: "rolebindings",
    kind: "RoleBinding",
    strategy: { validateName: NAMES_ARE_PATH_SEGMENTS, setDefaults: defaults.defaultBinding },
  },
  {
    group: RBAC,
    plural: "clusterroles",
    kind: "ClusterRole",
    clusterScoped: true,
    strategy: { validateName: NAMES_ARE_PATH_SEGMENTS },
  },
  {
    group: RBAC,
    plural: "clusterrolebindings",
    kind: "ClusterRoleBinding",
    clusterScoped: true,
    strategy: { validateName: NAMES_ARE_PATH_SEGMENTS, setDefaults: defaults.defaultBinding },
  },
  {
    group: "policy",
    plural: "poddisruptionbudgets",
    kind: "PodDisruptionBudget",
    short: ["pdb"],
    status: true,
    strategy: { generation: true },
  },
  {
    group: "networking.k8s.io",
    plural: "networkpolicies",
    kind: "NetworkPolicy",
    singular: "networkpolicy",
    short: ["netpol"],
    strategy: { setDefaults: defaults.defaultNetworkPolicy, generation: true },
  },
  {
    group: "scheduling.k8s.io",
    plural: "priorityclasses",
    kind: "PriorityClass",
    singular: "priorityclass",
    clusterScoped: true,
    short: ["pc"],
    strategy: {
      setDefaults: (priority) => void (priority["preemptionPolicy"] ??= "PreemptLowerPriority"),
      generation: true,
    },
  },
  {
    group: "node.k8s.io",
    plural: "runtimeclasses",
    kind: "RuntimeClass",
    singular: "runtimeclass",
    clusterScoped: true,
  },
  {
    group: ADMISSION,
    plural: "mutatingwebhookconfigurations",
    kind: "MutatingWebhookConfiguration",
    clusterScoped: true,
    categories: ["api-extensions"],
    strategy: { setDefaults: defaults.defaultWebhooks, generation: true },
  },
  {
    group: ADMISSION,
    plural: "validatingwebhookconfigurations",
    kind: "ValidatingWebhookConfiguration",
    clusterScoped: true,
    categories: ["api-extensions"],
    strategy: { setDefaults: defaults.defaultWebhooks, generation: true },
  },
];
