import type { Strategy } from "../resource.ts";
import * as core from "./core.ts";
import { validateDeployment, validateDeploymentUpdate } from "./deployment.ts";
import { validateNewJob, validateJobUpdate } from "./job.ts";
import * as networking from "./networking.ts";
import { validateNewPod, validatePodUpdate } from "./pod.ts";
import * as rbac from "./rbac.ts";
import { atLeast, checkRules, oneOf, present, type Rule } from "./rule-table.ts";
import { validateWebhooks } from "./webhooks.ts";

type Validators = Pick<Strategy, "validate" | "validateUpdate" | "validateStatusUpdate">;

function same(validate: NonNullable<Strategy["validate"]>): Validators {
  return { validate, validateUpdate: validate };
}

function ruled(rules: readonly Rule[]): Validators {
  return same((object) => checkRules(rules, object));
}

const LEASE: readonly Rule[] = [
  ["spec.leaseDurationSeconds", atLeast(1)],
  ["spec.leaseTransitions", atLeast(0)],
];

const STORAGE_CLASS: readonly Rule[] = [
  ["provisioner", present()],
  ["reclaimPolicy", oneOf("Delete", "Retain")],
  ["volumeBindingMode", oneOf("Immediate", "WaitForFirstConsumer")],
];

/** What each built-in kind's objects must satisfy, by `group/Kind`. */
export const validators: Readonly<Record<string, Validators>> = {
  "/ConfigMap": { validate: core.validateConfigMap, validateUpdate: core.validateConfigMapUpdate },
  "/Secret": { validate: core.validateSecret, validateUpdate: core.validateSecretUpdate },
  "/PersistentVolumeClaim": { validate: core.validateClaim, validateUpdate: core.validateClaimUpdate },
  "/Namespace": same(core.validateNamespace),
  "/Event": same(core.validateEvent),
  "/Service": ruled(networking.SERVICE_RULES),
  "/Pod": { validate: validateNewPod, validateUpdate: validatePodUpdate },
  "events.k8s.io/Event": { validate: core.validateNewEvent },
  "batch/Job": { validate: validateNewJob, validateUpdate: validateJobUpdate },
  "apps/Deployment": { validate: validateDeployment, validateUpdate: validateDeploymentUpdate },
  "networking.k8s.io/NetworkPolicy": ruled(networking.NETWORK_POLICY_RULES),
  "policy/PodDisruptionBudget": ruled(networking.DISRUPTION_BUDGET_RULES),
  "node.k8s.io/RuntimeClass": ruled(networking.RUNTIME_CLASS_RULES),
  "coordination.k8s.io/Lease": ruled(LEASE),
  "storage.k8s.io/StorageClass": ruled(STORAGE_CLASS),
  "rbac.authorization.k8s.io/Role": same(rbac.validateRole),
  "rbac.authorization.k8s.io/ClusterRole": same(rbac.validateRole),
  "rbac.authorization.k8s.io/RoleBinding": {
    validate: rbac.validateBinding,
    validateUpdate: rbac.validateBindingUpdate,
  },
  "rbac.authorization.k8s.io/ClusterRoleBinding": {
    validate: rbac.validateBinding,
    validateUpdate: rbac.validateBindingUpdate,
  },
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": same(validateWebhooks),
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": same(validateWebhooks),
};
