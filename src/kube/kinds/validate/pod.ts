import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { jsonEqual } from "../../json.ts";
import { dnsLabelErrors, dnsSubdomainErrors } from "../../names.ts";
import { validateContainers } from "./container.ts";
import { validateLabels, validateSharedMetadata } from "./metadata.ts";
import { validateVolumes } from "./volume.ts";

/** Validation of pods and pod templates. Source: kubernetes pkg/apis/core/validation ValidatePodSpec. */

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/** Everything wrong with a Pod. */
export function validatePod(pod: JsonObject): FieldError[] {
  return validatePodSpec(partOf(pod, "spec"), "spec");
}

/** Everything wrong with a pod template at `path`. */
export function validatePodTemplate(template: JsonObject, path: string): FieldError[] {
  const metadata = validateSharedMetadata(metaOf(template)).map((error) => ({
    ...error,
    field: `${path}.${error.field}`.replace(".metadata.", "."),
  }));
  return [...metadata, ...validatePodSpec(partOf(template, "spec"), `${path}.spec`)];
}

/** Everything wrong with a pod's spec at `path`, in the server's order. */
export function validatePodSpec(spec: JsonObject, path: string): FieldError[] {
  const { names, errors } = validateVolumes(itemsOf(spec, "volumes"), `${path}.volumes`);
  const containers = itemsOf(spec, "containers");
  if (containers.length === 0) errors.push(field.required(`${path}.containers`));
  errors.push(...validateContainers(spec, path, names));
  const policy = textOf(spec, "restartPolicy");
  if (!RESTART_POLICIES.includes(policy)) {
    errors.push(field.notSupported(`${path}.restartPolicy`, policy, RESTART_POLICIES));
  }
  const dns = textOf(spec, "dnsPolicy");
  if (!DNS_POLICIES.includes(dns)) errors.push(field.notSupported(`${path}.dnsPolicy`, dns, DNS_POLICIES));
  errors.push(...validateTimes(spec, path), ...validatePlacement(spec, path));
  errors.push(...validateReferences(spec, path));
  return errors;
}

function validateTimes(spec: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const grace = spec["terminationGracePeriodSeconds"];
  if (typeof grace === "number" && grace < 0) {
    errors.push(
      field.invalid(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than or equal to 0"),
    );
  }
  const deadline = spec["activeDeadlineSeconds"];
  if (typeof deadline === "number" && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    errors.push(
      field.invalid(`${path}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive"),
    );
  }
  return errors;
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function validatePlacement(spec: JsonObject, path: string): FieldError[] {
  const selector = partOf(spec, "nodeSelector") as Record<string, string>;
  const errors = validateLabels(selector, `${path}.nodeSelector`);
  for (const [index, toleration] of itemsOf(spec, "tolerations").entries()) {
    const at = `${path}.tolerations[${index}]`;
    const operator = textOf(toleration, "operator");
    if (operator !== "" && operator !== "Equal" && operator !== "Exists") {
      errors.push(field.notSupported(`${at}.operator`, operator, ["Equal", "Exists"]));
    }
    if (operator === "Exists" && textOf(toleration, "value") !== "") {
      errors.push(
        field.invalid(
          `${at}.operator`,
          toleration["value"],
          "value must be empty when `operator` is 'Exists'",
        ),
      );
    }
    if (textOf(toleration, "key") === "" && operator !== "Exists") {
      errors.push(
        field.invalid(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    const effect = textOf(toleration, "effect");
    if (effect !== "" && !EFFECTS.includes(effect)) {
      errors.push(field.notSupported(`${at}.effect`, effect, EFFECTS));
    }
  }
  return errors;
}

function validateReferences(spec: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"]) {
    const value = textOf(spec, name);
    for (const detail of value === "" ? [] : dnsSubdomainErrors(value)) {
      errors.push(field.invalid(`${path}.${name}`, value, detail));
    }
  }
  for (const name of ["hostname", "subdomain"]) {
    const value = textOf(spec, name);
    for (const detail of value === "" ? [] : dnsLabelErrors(value)) {
      errors.push(field.invalid(`${path}.${name}`, value, detail));
    }
  }
  for (const [index, secret] of itemsOf(spec, "imagePullSecrets").entries()) {
    if (textOf(secret, "name") === "")
      errors.push(field.required(`${path}.imagePullSecrets[${index}].name`, ""));
  }
  const pod = partOf(spec, "securityContext");
  for (const name of ["runAsUser", "runAsGroup", "fsGroup"]) {
    const id = pod[name];
    if (typeof id === "number" && (id < 0 || id > 2 ** 31 - 1)) {
      errors.push(
        field.invalid(`${path}.securityContext.${name}`, id, "must be between 0 and 2147483647, inclusive"),
      );
    }
  }
  return errors;
}

/** What may be changed of a pod: images, its deadline, and more tolerations. */
export function validatePodUpdate(pod: JsonObject, old: JsonObject): FieldError[] {
  const errors = validatePod(pod);
  if (jsonEqual(unchangeable(pod), unchangeable(old)) && keepsTolerations(pod, old)) return errors;
  errors.push(
    field.forbidden(
      "spec",
      "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ),
  );
  return errors;
}

function unchangeable(pod: JsonObject): JsonObject {
  const { tolerations: _tolerations, activeDeadlineSeconds: _deadline, ...spec } = partOf(pod, "spec");
  const withoutImages = (name: string): JsonObject[] =>
    itemsOf(spec, name).map(({ image: _image, ...container }) => container);
  return {
    ...spec,
    containers: withoutImages("containers"),
    initContainers: withoutImages("initContainers"),
  };
}

function keepsTolerations(pod: JsonObject, old: JsonObject): boolean {
  const now = itemsOf(partOf(pod, "spec"), "tolerations");
  return itemsOf(partOf(old, "spec"), "tolerations").every((toleration) =>
    now.some((other) => jsonEqual(other, toleration)),
  );
}
