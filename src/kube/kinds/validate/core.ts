import { base64Length } from "../../base64.ts";
import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { jsonEqual } from "../../json.ts";
import { byteLength, configMapKeyErrors, dnsSubdomainErrors } from "../../names.ts";
import { compareQuantities, parseQuantity } from "../../quantity.ts";

/** Validation of core kinds other than pods. Source: kubernetes pkg/apis/core/validation. */

const MAXIMUM_DATA_BYTES = 1024 * 1024;

function keyErrors(data: JsonObject, path: string): FieldError[] {
  return Object.keys(data).flatMap((key) =>
    configMapKeyErrors(key).map((detail) => field.invalid(`${path}[${key}]`, key, detail)),
  );
}

/** Everything wrong with a ConfigMap. */
export function validateConfigMap(object: JsonObject): FieldError[] {
  const data = partOf(object, "data");
  const binary = partOf(object, "binaryData");
  const errors = keyErrors(data, "data");
  let bytes = 0;
  for (const key of Object.keys(data)) {
    bytes += byteLength(textOf(data, key));
    if (Object.hasOwn(binary, key)) {
      errors.push(field.invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    }
  }
  errors.push(...keyErrors(binary, "binaryData"));
  for (const key of Object.keys(binary)) bytes += base64Length(textOf(binary, key));
  if (bytes > MAXIMUM_DATA_BYTES) errors.push(field.tooLong("", MAXIMUM_DATA_BYTES));
  return errors;
}

/** What is marked immutable stays as it is. */
function immutableErrors(object: JsonObject, old: JsonObject, fields: readonly string[]): FieldError[] {
  if (old["immutable"] !== true) return [];
  const refuse = (name: string) => field.forbidden(name, "field is immutable when `immutable` is set");
  const errors = object["immutable"] === true ? [] : [refuse("immutable")];
  for (const name of fields) if (!jsonEqual(object[name], old[name])) errors.push(refuse(name));
  return errors;
}

/** Everything wrong with a change of a ConfigMap. */
export function validateConfigMapUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  return [...immutableErrors(object, old, ["data", "binaryData"]), ...validateConfigMap(object)];
}

const REQUIRED_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes.io/dockercfg", [".dockercfg"]],
  ["kubernetes.io/dockerconfigjson", [".dockerconfigjson"]],
  ["kubernetes.io/ssh-auth", ["ssh-privatekey"]],
  ["kubernetes.io/tls", ["tls.crt", "tls.key"]],
]);

/** Everything wrong with a Secret. */
export function validateSecret(object: JsonObject): FieldError[] {
  const data = partOf(object, "data");
  const errors = keyErrors(data, "data");
  const bytes = Object.keys(data).reduce((total, key) => total + base64Length(textOf(data, key)), 0);
  if (bytes > MAXIMUM_DATA_BYTES) errors.push(field.tooLong("data", MAXIMUM_DATA_BYTES));
  const type = textOf(object, "type");
  for (const key of REQUIRED_KEYS.get(type) ?? []) {
    if (!Object.hasOwn(data, key)) errors.push(field.required(`data[${key}]`));
  }
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
export function validateSecretUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (object["type"] !== old["type"]) {
    errors.push(field.invalid("type", object["type"], "field is immutable"));
  }
  return [...errors, ...immutableErrors(object, old, ["data"]), ...validateSecret(object)];
}

const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/** Everything wrong with a claim. */
export function validateClaim(object: JsonObject): FieldError[] {
  const spec = partOf(object, "spec");
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
  const storage = partOf(partOf(spec, "resources"), "requests")["storage"];
  if (storage === undefined) errors.push(field.required("spec.resources[storage]"));
  else if (!isPositive(storage)) {
    errors.push(field.invalid("spec.resources[storage]", storage, "must be greater than zero"));
  }
  const className = textOf(spec, "storageClassName");
  for (const detail of className === "" ? [] : dnsSubdomainErrors(className)) {
    errors.push(field.invalid("spec.storageClassName", className, detail));
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
export function validateClaimUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const errors = validateClaim(object);
  const before = partOf(old, "spec");
  const after = partOf(object, "spec");
  const isBound = textOf(partOf(old, "status"), "phase") === "Bound";
  const fixed = (spec: JsonObject): JsonObject => {
    const { resources, volumeName, storageClassName, ...rest } = spec;
    // A binder fills in the volume, and a late default class the class.
    const bindable = textOf(before, "volumeName") === "" ? {} : { volumeName };
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

/** Everything wrong with an Event. */
export function validateEvent(object: JsonObject): FieldError[] {
  const involved = textOf(partOf(object, "involvedObject"), "namespace");
  const { namespace } = metaOf(object);
  const expected = involved === "" ? "default" : involved;
  if (namespace === expected || (involved === "" && namespace === "kube-system")) return [];
  return [field.invalid("involvedObject.namespace", involved, "does not match event.namespace")];
}

/** Everything wrong with a new events.k8s.io Event. */
export function validateNewEvent(object: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const regarding = textOf(partOf(object, "regarding"), "namespace");
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
    const text = textOf(object, name);
    if (text === "") errors.push(field.required(name));
    else if (byteLength(text) > limit) {
      errors.push(field.invalid(name, "", `can have at most ${limit} characters`));
    }
  }
  if (byteLength(textOf(object, "note")) > 1024) {
    errors.push(field.invalid("message", "", "can have at most 1024 characters"));
  }
  const type = textOf(object, "type");
  if (type !== "Normal" && type !== "Warning") {
    errors.push(field.invalid("type", "", "has invalid value: " + type));
  }
  return errors;
}

/** Everything wrong with a StorageClass. */
export function validateStorageClass(object: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (textOf(object, "provisioner") === "") errors.push(field.required("provisioner", ""));
  const policies = ["Delete", "Retain"];
  if (!policies.includes(textOf(object, "reclaimPolicy"))) {
    errors.push(field.notSupported("reclaimPolicy", object["reclaimPolicy"], policies));
  }
  const modes = ["Immediate", "WaitForFirstConsumer"];
  if (!modes.includes(textOf(object, "volumeBindingMode"))) {
    errors.push(field.notSupported("volumeBindingMode", object["volumeBindingMode"], modes));
  }
  return errors;
}

/** Everything wrong with a change of a StorageClass. */
export function validateStorageClassUpdate(object: JsonObject, old: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["parameters", "provisioner", "reclaimPolicy"]) {
    if (!jsonEqual(object[name], old[name])) {
      errors.push(field.forbidden(name, `updates to ${name} are forbidden.`));
    }
  }
  if (object["volumeBindingMode"] !== old["volumeBindingMode"]) {
    errors.push(field.invalid("volumeBindingMode", object["volumeBindingMode"], "field is immutable"));
  }
  return errors;
}

/** Everything wrong with a Lease. */
export function validateLease(object: JsonObject): FieldError[] {
  const spec = partOf(object, "spec");
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
export function validatePriorityClass(object: JsonObject): FieldError[] {
  const name = metaOf(object).name ?? "";
  if (name.startsWith("system-") && !["system-cluster-critical", "system-node-critical"].includes(name)) {
    return [
      field.forbidden(
        "metadata.name",
        "priority class names with 'system-' prefix are reserved for system use only",
      ),
    ];
  }
  return [];
}

/** The ports of a Service. */
export function portsOf(object: JsonObject): JsonObject[] {
  return itemsOf(partOf(object, "spec"), "ports");
}

/** Everything wrong with a Service. */
export function validateSvc(object: JsonObject): FieldError[] {
  const spec = partOf(object, "spec");
  const errors: FieldError[] = [];
  if (portsOf(object).length === 0 && spec["type"] !== "ExternalName" && spec["clusterIP"] !== "None") {
    errors.push(field.required("spec.ports"));
  }
  for (const [index, port] of portsOf(object).entries()) {
    const number = Number(port["port"]);
    if (number < 1 || number > 65535) {
      errors.push(
        field.invalid(`spec.ports[${index}].port`, number, "must be between 1 and 65535, inclusive"),
      );
    }
  }
  return errors;
}
