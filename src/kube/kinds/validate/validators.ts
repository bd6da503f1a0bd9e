import { invalid } from "../../field-errors.ts";
import { partOf } from "../../json-object.ts";
import { jsonEqual } from "../../json.ts";
import type { Strategy } from "../resource.ts";
import * as core from "./core.ts";
import { validateJob, validateJobUpdate } from "./job.ts";
import { validatePod, validatePodTemplate, validatePodUpdate } from "./pod.ts";
import * as rbac from "./rbac.ts";
import { validateWebhooks } from "./webhooks.ts";

type Validators = Pick<Strategy, "validate" | "validateUpdate" | "validateStatusUpdate">;

function same(validate: NonNullable<Strategy["validate"]>): Validators {
  return { validate, validateUpdate: validate };
}

const validateDeployment: NonNullable<Strategy["validate"]> = (deployment) =>
  validatePodTemplate(partOf(partOf(deployment, "spec"), "template"), "spec.template");

/** What each built-in kind's objects must satisfy, by `group/Kind`. */
export const validators: Readonly<Record<string, Validators>> = {
  "/ConfigMap": { validate: core.validateConfigMap, validateUpdate: core.validateConfigMapUpdate },
  "/Secret": { validate: core.validateSecret, validateUpdate: core.validateSecretUpdate },
  "/PersistentVolumeClaim": { validate: core.validateClaim, validateUpdate: core.validateClaimUpdate },
  "/Event": same(core.validateEvent),
  "/Service": same(core.validateSvc),
  "/Pod": { validate: validatePod, validateUpdate: validatePodUpdate },
  "events.k8s.io/Event": { validate: core.validateNewEvent },
  "batch/Job": { validate: validateJob, validateUpdate: validateJobUpdate },
  "apps/Deployment": {
    validate: validateDeployment,
    validateUpdate(deployment, old) {
      const selector = partOf(deployment, "spec")["selector"];
      const isSame = jsonEqual(selector, partOf(old, "spec")["selector"]);
      const errors = validateDeployment(deployment);
      return isSame ? errors : [...errors, invalid("spec.selector", selector, "field is immutable")];
    },
  },
  "coordination.k8s.io/Lease": same(core.validateLease),
  "storage.k8s.io/StorageClass": {
    validate: core.validateStorageClass,
    validateUpdate: core.validateStorageClassUpdate,
  },
  "scheduling.k8s.io/PriorityClass": same(core.validatePriorityClass),
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
