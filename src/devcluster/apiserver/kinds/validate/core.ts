import { base64Length, decodeBase64 } from "../../../../kube/base64.ts";
import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectAt, textAt, jsonEqual, jsonKind } from "../../../../kube/json.ts";
import {
  byteLength,
  configMapKeyErrors,
  dnsSubdomainErrors,
  qualifiedNameErrors,
} from "../../../../kube/names.ts";
import { compareQuantities, parseQuantity } from "../../../../kube/quantity.ts";
import { goSyntaxError } from "../../request/body.ts";
import { labelSelector } from "./label-selector.ts";
import { oneOf } from "./rule-table.ts";

/** Validation of core kinds other than pods. Source: kubernetes pkg/apis/core/validation. */

const MAXIMUM_DATA_BYTES = 1024 * 1024;

function keyErrors(data: MutableObject, path: string): FieldError[] {
  return Object.keys(data).flatMap((key) =>
    configMapKeyErrors(key).map((detail) => field.invalid(`${path}[${key}]`, key, detail)),
  );
}

/** Everything wrong with a ConfigMap. */
export function validateConfigMap(object: MutableObject): FieldError[] {
  const data = objectAt(object, "data");
  const binary = objectAt(object, "binaryData");
  const errors = keyErrors(data, "data");
  let bytes = 0;
  for (const key of Object.keys(data)) {
    bytes += byteLength(textAt(data, key));
    if (Object.hasOwn(binary, key)) {
      errors.push(field.invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
  }
  errors.push(...keyErrors(binary, "binaryData"));
  for (const key of Object.keys(binary)) bytes += base64Length(textAt(binary, key));
  if (bytes > MAXIMUM_DATA_BYTES) errors.push(field.tooLong("", MAXIMUM_DATA_BYTES));
  return errors;
}

/** What is marked immutable stays as it is. */
function immutableErrors(object: MutableObject, old: MutableObject, fields: readonly string[]): FieldError[] {
  if (old["immutable"] !== true) return [];
  const refuse = (name: string) => field.forbidden(name, "field is immutable when `immutable` is set");
  const errors = object["immutable"] === true ? [] : [refuse("immutable")];
  for (const name of fields) if (!jsonEqual(object[name], old[name])) errors.push(refuse(name));
  return errors;
}

/** Everything wrong with a change of a ConfigMap. */
export function validateConfigMapUpdate(object: MutableObject, old: MutableObject): FieldError[] {
  return [...immutableErrors(object, old, ["data", "binaryData"]), ...validateConfigMap(object)];
}

const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

/** A registry's credentials have to be a JSON object; what they hold is never shown. */
function dockerErrors(type: string, data: MutableObject): FieldError[] {
  const key = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
  }[type];
  if (key === undefined || !Object.hasOwn(data, key)) return [];
  const why = jsonObjectError(decodeBase64(textAt(data, key)));
  return why === "" ? [] : [field.invalid(`data[${key}]`, "<secret contents redacted>", why)];
}

/** Why a text is no JSON object, in Go's words; empty if it is one. */
function jsonObjectError(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || isObject(value)) return "";
    return `json: cannot unmarshal ${jsonKind(value)} into Go value of type map[string]interface {}`;
  } catch (error) {
    return goSyntaxError(text, error);
  }
}

/** Everything wrong with a Secret. */
export function validateSecret(object: MutableObject): FieldError[] {
  const data = objectAt(object, "data");
  const errors = keyErrors(data, "data");
  const bytes = Object.keys(data).reduce((total, key) => total + base64Length(textAt(data, key)), 0);
  if (bytes > MAXIMUM_DATA_BYTES) errors.push(field.tooLong("data", MAXIMUM_DATA_BYTES));
  const type = textAt(object, "type");
  for (const key of REQUIRED_KEYS.get(type) ?? []) {
    if (!Object.hasOwn(data, key)) errors.push(field.required(`data[${key}]`));
  }
  errors.push(...dockerErrors(type, data));
  if (type === "kubernetes.io/basic-auth" && !("username" in data) && !("password" in data)) {
    errors.push(field.required("data[username]"), field.required("data[password]"));
  }
  const account = metaOf(object).annotations?.["kubernetes.io/service-account.name"];
  if (type === "kubernetes.io/service-account-token" && !account) {
    errors.push(field.required("metadata.annotations[kubernetes.io/service-account.name]"));
  }
  return errors;
}

/** Everything wrong with a change of a Secret. */
export function validateSecretUpdate(object: MutableObject, old: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  if (object["type"] !== old["type"]) {
    errors.push(field.invalid("type", object["type"], "field is immutable"));
  }
  return [...errors, ...immutableErrors(object, old, ["data"]), ...validateSecret(object)];
}

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Everything wrong with a claim. */
export function validateClaim(object: MutableObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const modes = Array.isArray(spec["accessModes"]) ? spec["accessModes"].map(String) : [];
  const errors: FieldError[] = [];
  if (modes.length === 0) {
    errors.push(field.required("spec.accessModes", "at least 1 access mode is required"));
  }
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode)) errors.push(field.notSupported("spec.accessModes", mode, ACCESS_MODES));
  }
  if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    errors.push(field.forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"));
  }
  const storage = objectAt(objectAt(spec, "resources"), "requests")["storage"];
  if (storage === undefined) errors.push(field.required("spec.resources[storage]"));
  else if (!isPositive(storage)) {
    errors.push(field.invalid("spec.resources[storage]", storage, "must be greater than zero"));
  }
  const className = textAt(spec, "storageClassName");
  for (const detail of className === "" ? [] : dnsSubdomainErrors(className)) {
    errors.push(field.invalid("spec.storageClassName", className, detail));
  }
  errors.push(...labelSelector(spec["selector"], "spec.selector", spec));
  const attributes = textAt(spec, "volumeAttributesClassName");
  for (const detail of attributes === "" ? [] : dnsSubdomainErrors(attributes)) {
    errors.push(field.invalid("spec.volumeAttributesClassName", attributes, detail));
  }
  const mode = spec["volumeMode"];
  if (mode !== undefined && mode !== "Block" && mode !== "Filesystem") {
    errors.push(field.notSupported("spec.volumeMode", mode, ["Block", "Filesystem"]));
  }
  return errors;
}

function isPositive(quantity: unknown): boolean {
  const zero = parseQuantity("0").value;
  const value = parseQuantity(String(quantity)).value;
  return zero !== undefined && value !== undefined && compareQuantities(value, zero) > 0;
}

/** Everything wrong with a change of a claim. */
export function validateClaimUpdate(object: MutableObject, old: MutableObject): FieldError[] {
  const errors = validateClaim(object);
  const before = objectAt(old, "spec");
  const after = objectAt(object, "spec");
  const isBound = textAt(objectAt(old, "status"), "phase") === "Bound";
  const fixed = (spec: MutableObject): MutableObject => {
    const { resources, volumeName, storageClassName, ...rest } = spec;
    // A binder fills in the volume, and a late default class the class.
    const bindable = textAt(before, "volumeName") === "" ? {} : { volumeName };
    const classed = before["storageClassName"] === undefined ? {} : { storageClassName };
    return { ...rest, ...bindable, ...classed, ...(isBound ? {} : { resources }) };
  };
  if (!jsonEqual(fixed(before), fixed(after))) {
    errors.push(
      field.forbidden(
        "spec",
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
      ),
    );
  }
  return errors;
}

const LEVELS = ["privileged", "baseline", "restricted"];
const POD_SECURITY = "pod-security.kubernetes.io";

/** Everything wrong with a Namespace. */
export function validateNamespace(object: MutableObject): FieldError[] {
  const labels = metaOf(object).labels ?? {};
  return ["enforce", "audit", "warn"].flatMap((mode) => {
    const errors: FieldError[] = [];
    const [level, version] = [mode, `${mode}-version`].map((name) => labels[`${POD_SECURITY}/${name}`]);
    const at = (name: string): string => `metadata.labels[${POD_SECURITY}/${name}]`;
    if (level !== undefined && !LEVELS.includes(level)) {
      errors.push(field.invalid(at(mode), level, `must be one of ${LEVELS.join(", ")}`));
    }
    if (version !== undefined && !/^(latest|v1\.(0|[1-9][0-9]*))$/.test(version)) {
      errors.push(field.invalid(at(`${mode}-version`), version, 'must be "latest" or "v1.x"'));
    }
    return errors;
  });
}

/** Everything wrong with an Event. */
export function validateEvent(object: MutableObject): FieldError[] {
  const involved = textAt(objectAt(object, "involvedObject"), "namespace");
  const { namespace } = metaOf(object);
  const expected = involved === "" ? "default" : involved;
  if (namespace === expected || (involved === "" && namespace === "kube-system")) return [];
  return [field.invalid("involvedObject.namespace", involved, "does not match event.namespace")];
}

/** Everything wrong with a new events.k8s.io Event. */
export function validateNewEvent(object: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const regarding = textAt(objectAt(object, "regarding"), "namespace");
  const { namespace } = metaOf(object);
  if (regarding !== "" && regarding !== namespace) {
    errors.push(field.invalid("involvedObject.namespace", regarding, "does not match event.namespace"));
  }
  if (regarding === "" && namespace !== "default" && namespace !== "kube-system") {
    errors.push(field.invalid("involvedObject.namespace", regarding, "does not match event.namespace"));
  }
  if (object["eventTime"] === null) errors.push(field.required("eventTime"));
  for (const name of ["reportingController", "reportingInstance", "action", "reason"]) {
    const limit = name === "reportingController" ? 253 : 128;
    const text = textAt(object, name);
    if (text === "") errors.push(field.required(name));
    else if (byteLength(text) > limit) {
      errors.push(field.invalid(name, "", `can have at most ${limit} characters`));
    }
  }
  if (byteLength(textAt(object, "note")) > 1024) {
    errors.push(field.invalid("message", "", "can have at most 1024 characters"));
  }
  const type = textAt(object, "type");
  if (type !== "Normal" && type !== "Warning") {
    errors.push(field.invalid("type", "", "has invalid value: " + type));
  }
  return errors;
}

/** Everything wrong with a StorageClass. */
export function validateStorageClass(object: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const provisioner = textAt(object, "provisioner");
  if (provisioner === "") errors.push(field.required("provisioner", ""));
  else {
    const wrong = qualifiedNameErrors(provisioner.toLowerCase());
    errors.push(...wrong.map((detail) => field.invalid("provisioner", provisioner, detail)));
  }
  if (Object.hasOwn(objectAt(object, "parameters"), "")) {
    errors.push(field.invalid("parameters", "", "field can not be empty."));
  }
  const policies = ["Delete", "Retain"];
  if (!policies.includes(textAt(object, "reclaimPolicy"))) {
    errors.push(field.notSupported("reclaimPolicy", object["reclaimPolicy"], policies));
  }
  const modes = ["Immediate", "WaitForFirstConsumer"];
  if (!modes.includes(textAt(object, "volumeBindingMode"))) {
    errors.push(field.notSupported("volumeBindingMode", object["volumeBindingMode"], modes));
  }
  return errors;
}

/** Everything wrong with a change of a StorageClass. */
export function validateStorageClassUpdate(object: MutableObject, old: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["parameters", "provisioner", "reclaimPolicy"]) {
    if (!jsonEqual(object[name], old[name])) {
      errors.push(field.invalid(name, object[name] ?? null, "field is immutable"));
    }
  }
  if (object["volumeBindingMode"] !== old["volumeBindingMode"]) {
    errors.push(field.invalid("volumeBindingMode", object["volumeBindingMode"], "field is immutable"));
  }
  return errors;
}

/** Everything wrong with a Lease. */
export function validateLease(object: MutableObject): FieldError[] {
  const spec = objectAt(object, "spec");
  const errors: FieldError[] = [];
  const duration = spec["leaseDurationSeconds"];
  if (typeof duration === "number" && duration <= 0) {
    errors.push(field.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"));
  }
  const transitions = spec["leaseTransitions"];
  if (typeof transitions === "number" && transitions < 0) {
    errors.push(field.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"));
  }
  return errors;
}

/** Everything wrong with a PriorityClass. */
export function validatePriorityClass(object: MutableObject): FieldError[] {
  const name = metaOf(object).name ?? "";
  const errors = oneOf("PreemptLowerPriority", "Never")(
    object["preemptionPolicy"],
    "preemptionPolicy",
    object,
  );
  const isSystem = ["system-cluster-critical", "system-node-critical"].includes(name);
  if (name.startsWith("system-") && !isSystem) {
    const words = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
    errors.push(field.forbidden("metadata.name", words));
  }
  const most = 1_000_000_000;
  if (!isSystem && Number(object["value"] ?? 0) > most) {
    const words = `maximum allowed value of a user defined priority is ${most}`;
    errors.push(field.forbidden("value", words));
  }
  return errors;
}
