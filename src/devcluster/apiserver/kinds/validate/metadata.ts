import { forbidden, invalid, required, tooLong, type FieldError } from "../../../../kube/field-errors.ts";
import {
  builtinFinalizerErrors,
  byteLength,
  dnsSubdomainErrors,
  finalizerErrors,
  labelValueErrors,
  maskTrailingDash,
  qualifiedNameErrors,
} from "../../../../kube/names.ts";
import type { ObjectMeta, OwnerReference } from "../../../../kube/objects.ts";
import type { Resource } from "../resource.ts";

const ANNOTATION_BYTES = 256 * 1024;

/** What is wrong with a new object's metadata. Source: apimachinery api/validation ValidateObjectMeta. */
export function validateMetadata(resource: Resource, meta: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const nameErrors =
    resource.strategy.validateName ??
    ((name: string, isPrefix: boolean) => dnsSubdomainErrors(isPrefix ? maskTrailingDash(name) : name));
  if (meta.generateName) {
    for (const detail of nameErrors(meta.generateName, true)) {
      errors.push(invalid("metadata.generateName", meta.generateName, detail));
    }
  }
  if (!meta.name) errors.push(required("metadata.name", "name or generateName is required"));
  else {
    for (const detail of nameErrors(meta.name, false)) {
      errors.push(invalid("metadata.name", meta.name, detail));
    }
  }
  if (meta.generation !== undefined && meta.generation < 0) {
    errors.push(invalid("metadata.generation", meta.generation, "must be greater than or equal to 0"));
  }
  return [...errors, ...validateSharedMetadata(meta), ...validateFinalizers(resource, meta.finalizers)];
}

/** Labels, annotations and owners. */
export function validateSharedMetadata(meta: ObjectMeta): FieldError[] {
  return [
    ...validateLabels(meta.labels, "metadata.labels"),
    ...validateAnnotations(meta.annotations),
    ...validateOwners(meta.ownerReferences),
  ];
}

/** Checks the keys and values of labels; `field` is their path. */
export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const detail of qualifiedNameErrors(key)) errors.push(invalid(field, key, detail));
    for (const detail of labelValueErrors(value)) errors.push(invalid(field, value, detail));
  }
  return errors;
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const detail of qualifiedNameErrors(key.toLowerCase())) {
      errors.push(invalid("metadata.annotations", key, detail));
    }
    bytes += byteLength(key) + byteLength(value);
  }
  if (bytes > ANNOTATION_BYTES) errors.push(tooLong("metadata.annotations", ANNOTATION_BYTES));
  return errors;
}

function validateOwners(owners: OwnerReference[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const field = "metadata.ownerReferences";
  const controllers: OwnerReference[] = [];
  for (const owner of owners ?? []) {
    const version = owner.apiVersion.split("/");
    if (version.length > 2 || (version.at(-1) ?? "") === "") {
      errors.push(invalid(`${field}.apiVersion`, owner.apiVersion, "version must not be empty"));
    }
    for (const part of ["kind", "name", "uid"] as const) {
      if (owner[part] === "") errors.push(invalid(`${field}.${part}`, "", "must not be empty"));
    }
    if (owner.apiVersion === "v1" && owner.kind === "Event") {
      errors.push(invalid(field, owner, "/v1, Kind=Event is disallowed from being an owner"));
    }
    if (owner.controller === true) controllers.push(owner);
  }
  const [first, ...others] = controllers;
  for (const other of first === undefined ? [] : others) {
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first?.kind}/${first?.name} and ${other.kind}/${other.name}`;
    errors.push(listInvalid(field, owners, detail));
  }
  return errors;
}

/** Invalid with the references in the order of their Go fields, not of their names. */
function listInvalid(field: string, owners: OwnerReference[] | undefined, detail: string): FieldError {
  const ordered = (owners ?? []).map((owner) => {
    const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = owner;
    return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
  });
  return {
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(ordered)}: ${detail}`,
    field,
  };
}

/** Groups whose kinds take finalizers without a domain, as custom resources do. */
const PLAIN_FINALIZERS: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "coordination.k8s.io",
]);

function validateFinalizers(resource: Resource, finalizers: string[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const field = "metadata.finalizers";
  const needsDomain = !resource.custom && !PLAIN_FINALIZERS.has(resource.group);
  for (const [index, finalizer] of (finalizers ?? []).entries()) {
    for (const detail of finalizerErrors(finalizer)) errors.push(invalid(field, finalizer, detail));
    if (!needsDomain) continue;
    for (const detail of builtinFinalizerErrors(finalizer)) {
      errors.push(invalid(`${field}[${index}]`, finalizer, detail));
    }
  }
  if (finalizers?.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalid(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}

/** Kinds whose updates are validated like new objects as well. */
const VALIDATED_ANEW: ReadonlySet<string> = new Set([
  "/ConfigMap",
  "/PersistentVolumeClaim",
  "/Pod",
  "/Secret",
  "/ServiceAccount",
  "batch/Job",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "rbac.authorization.k8s.io/Role",
  "rbac.authorization.k8s.io/RoleBinding",
]);

/**
 * What an update may not do to metadata: what all kinds check, then what this kind checks. What both
 * find is listed as often. Source: apiserver rest/update.go, ValidateObjectMetaUpdate.
 */
export function validateMetadataUpdate(resource: Resource, meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const asWhole = [...validateSharedMetadata(meta), ...validateFinalizers(resource, meta.finalizers)];
  const asChange = validateMetadataChange(meta, old);
  const errors = [...asWhole, ...asChange, ...asChange];
  if (!VALIDATED_ANEW.has(`${resource.group}/${resource.kind}`)) return errors;
  return [...errors, ...validateMetadata(resource, meta)];
}

function validateMetadataChange(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors = validateSharedMetadata(meta);
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
    if (added.length > 0) {
      const list = added.sort().map((finalizer) => JSON.stringify(finalizer));
      errors.push(
        forbidden(
          "metadata.finalizers",
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list.join(", ")}}`,
        ),
      );
    }
  }
  const immutable = [
    ["name", meta.name, old.name],
    ["namespace", meta.namespace, old.namespace],
    ["uid", meta.uid, old.uid],
    ["creationTimestamp", meta.creationTimestamp, old.creationTimestamp],
    ["deletionTimestamp", meta.deletionTimestamp, old.deletionTimestamp],
    ["deletionGracePeriodSeconds", meta.deletionGracePeriodSeconds, old.deletionGracePeriodSeconds],
  ] as const;
  for (const [name, now, before] of immutable) {
    if (now !== before) errors.push(invalid(`metadata.${name}`, now ?? null, "field is immutable"));
  }
  return errors;
}
