import type { Condition, KubeObject } from "./objects.ts";
import { resourceType } from "./resources.ts";

/** The built-in kinds that a cluster is set up and looked at with, as far as they are read here. Source: k8s.io/api. */

export interface Service extends KubeObject {
  spec: {
    type?: string;
    clusterIP: string;
    clusterIPs?: string[];
    ports: { name?: string; protocol?: string; port: number; targetPort?: number }[];
    [field: string]: unknown;
  };
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean };
  status?: Record<string, unknown> & {
    addresses?: readonly { type: string; address: string }[];
    conditions?: readonly { type: string; status: string }[];
  };
}

export interface PersistentVolume extends KubeObject {
  spec: {
    capacity: Record<string, string>;
    accessModes: string[];
    claimRef?: Record<string, string | undefined>;
    storageClassName?: string;
    persistentVolumeReclaimPolicy?: string;
    volumeMode?: string;
    hostPath?: { path: string; type?: string };
    local?: { path: string };
  };
  status?: { phase?: string };
}

export interface StorageClass extends KubeObject {
  provisioner: string;
  volumeBindingMode?: "Immediate" | "WaitForFirstConsumer";
  reclaimPolicy?: string;
}

/** Marks the class of claims that name none. */
export const DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    template?: { spec?: { containers?: { image?: string; args?: string[] }[] } };
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    conditions?: { reason?: string }[];
  };
}

export interface ClusterRoleBinding extends KubeObject {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: { kind: string; name: string; namespace: string }[];
}

export interface SubjectAccessReview extends KubeObject {
  spec: { user: string; groups: string[]; resourceAttributes: Record<string, string> };
  status?: { allowed: boolean };
}

export interface SelfSubjectReview extends KubeObject {
  status?: { userInfo?: { username?: string } };
}

export interface ValidatingWebhookConfiguration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

export interface CustomResourceDefinition extends KubeObject {
  spec: { versions: { name: string; served: boolean; schema?: { openAPIV3Schema?: unknown } }[] };
  status?: { conditions?: Condition[] };
}

const RBAC = "rbac.authorization.k8s.io";

export const services = resourceType<Service>("", "v1", "services", "Service");
export const serviceAccounts = resourceType<KubeObject>("", "v1", "serviceaccounts", "ServiceAccount");
export const nodes = resourceType<Node>("", "v1", "nodes", "Node", false);
export const persistentVolumes = resourceType<PersistentVolume>(
  "",
  "v1",
  "persistentvolumes",
  "PersistentVolume",
  false,
);
export const storageClasses = resourceType<StorageClass>(
  "storage.k8s.io",
  "v1",
  "storageclasses",
  "StorageClass",
  false,
);
export const deployments = resourceType<Deployment>("apps", "v1", "deployments", "Deployment");
export const podDisruptionBudgets = resourceType<KubeObject>(
  "policy",
  "v1",
  "poddisruptionbudgets",
  "PodDisruptionBudget",
);
export const clusterRoles = resourceType<KubeObject>(RBAC, "v1", "clusterroles", "ClusterRole", false);
export const clusterRoleBindings = resourceType<ClusterRoleBinding>(
  RBAC,
  "v1",
  "clusterrolebindings",
  "ClusterRoleBinding",
  false,
);
export const roles = resourceType<KubeObject>(RBAC, "v1", "roles", "Role");
export const roleBindings = resourceType<KubeObject>(RBAC, "v1", "rolebindings", "RoleBinding");
export const subjectAccessReviews = resourceType<SubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "subjectaccessreviews",
  "SubjectAccessReview",
  false,
);
export const selfSubjectAccessReviews = resourceType<SubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "selfsubjectaccessreviews",
  "SelfSubjectAccessReview",
  false,
);
export const selfSubjectReviews = resourceType<SelfSubjectReview>(
  "authentication.k8s.io",
  "v1",
  "selfsubjectreviews",
  "SelfSubjectReview",
  false,
);
export const validatingWebhookConfigurations = resourceType<ValidatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
  false,
);
export const customResourceDefinitions = resourceType<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  "CustomResourceDefinition",
  false,
);
