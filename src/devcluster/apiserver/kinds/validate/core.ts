import { base64Length } from "../../../../kube/base64.ts";
import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { byteLength, configMapKeyErrors, dnsSubdomainErrors } from "../../../../kube/names.ts";
import { compareQuantities, parseQuantity } from "../../../../kube/quantity.ts";
import { labelSelector } from "./label-selector.ts";

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
