import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectAt, textAt } from "../../../../kube/json.ts";
import { qualifiedNameErrors } from "../../../../kube/names.ts";

/** What a pod may learn about itself, in variables and files. Source: kubernetes pkg/apis/core/validation. */

const CONVERTIBLE = new Set([
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.serviceAccountName",
  "spec.hostNetwork",
  "status.phase",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

/** What variables may take. */
export const VARIABLE_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

/** What files may take. */
export const FILE_FIELDS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

/** Everything wrong with a `fieldRef` at `at`. */
export function validateFieldRef(
  reference: MutableObject,
  at: string,
  supported: readonly string[],
): FieldError[] {
  const path = textAt(reference, "fieldPath");
  if (path === "") return [field.required(`${at}.fieldPath`)];
  const subscript = /^metadata\.(annotations|labels)\['(.*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, list = "", key = ""] = subscript;
    const name = list === "annotations" ? key.toLowerCase() : key;
    return qualifiedNameErrors(name).map((detail) => field.invalid(at, key, detail));
  }
  const version = textAt(reference, "apiVersion");
  const why =
    version === "v1" || version === ""
      ? CONVERTIBLE.has(path)
        ? ""
        : `field label not supported: ${path}`
      : `unsupported pod version: ${version}`;
  if (why !== "") return [field.invalid(`${at}.fieldPath`, path, `error converting fieldPath: ${why}`)];
  return supported.includes(path) ? [] : [field.notSupported(`${at}.fieldPath`, path, supported)];
}

const AMOUNTS = ["limits", "requests"].flatMap((list) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${list}.${name}`),
);
const BYTES = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/** Everything wrong with a `resourceFieldRef` at `at`; a file has to name the container. */
export function validateResourceRef(reference: MutableObject, at: string, isFile: boolean): FieldError[] {
  const resource = textAt(reference, "resource");
  if (isFile && textAt(reference, "containerName") === "") return [field.required(`${at}.containerName`)];
  if (resource === "") return [field.required(`${at}.resource`)];
  if (!AMOUNTS.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    return [field.notSupported(`${at}.resource`, resource, AMOUNTS)];
  }
  const divisor = String(reference["divisor"] ?? "0");
  const isCpu = resource.endsWith(".cpu");
  if (divisor === "0" || (isCpu ? ["1m", "1"] : BYTES).includes(divisor)) return [];
  const [name, words] = isCpu
    ? ["cpu", "1m and 1"]
    : [resource.endsWith(".memory") ? "memory" : "local ephemeral storage", BYTES.join(", ")];
  const detail = `only divisor's values ${words} are supported with the ${name} resource`;
  return [field.invalid(`${at}.divisor`, resource, detail)];
}

/** Everything wrong with a file of the downward API; `at` is its volume's source. */
export function validateFile(
  item: MutableObject,
  at: string,
  pathErrors: (path: string, at: string) => FieldError[],
): FieldError[] {
  const path = textAt(item, "path");
  const errors = path === "" ? [field.required(`${at}.path`)] : pathErrors(path, `${at}.path`);
  if ("fieldRef" in item) {
    errors.push(...validateFieldRef(objectAt(item, "fieldRef"), `${at}.fieldRef`, FILE_FIELDS));
    if ("resourceFieldRef" in item) {
      const words = "fieldRef and resourceFieldRef can not be specified simultaneously";
      errors.push(field.invalid(at, "resource", words));
    }
  } else if ("resourceFieldRef" in item) {
    errors.push(...validateResourceRef(objectAt(item, "resourceFieldRef"), `${at}.resourceFieldRef`, true));
  } else errors.push(field.required(at, "one of fieldRef and resourceFieldRef is required"));
  return errors;
}
