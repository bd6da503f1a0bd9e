import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { configMapKeyErrors, dnsLabelErrors, envVarNameErrors, portNameErrors } from "../../names.ts";
import { compareQuantities, parseQuantity } from "../../quantity.ts";
import { validateProbes } from "./probe.ts";
import { relativePathErrors } from "./volume.ts";

/** Containers and init containers of a pod's spec, in the server's order. */
export function validateContainers(
  spec: JsonObject,
  path: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const list of ["containers", "initContainers"]) {
    for (const [index, container] of itemsOf(spec, list).entries()) {
      const at = `${path}.${list}[${index}]`;
      const name = textOf(container, "name");
      errors.push(...validateContainer(container, at, volumes));
      errors.push(...validateProbes(container, at, list === "initContainers"));
      if (name !== "" && names.has(name)) errors.push(field.duplicate(`${at}.name`, name));
      names.add(name);
    }
  }
  return errors;
}

const MESSAGE_POLICIES = ["FallbackToLogsOnError", "File"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];

function validateContainer(container: JsonObject, at: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = textOf(container, "name");
  const image = textOf(container, "image");
  if (name === "") errors.push(field.required(`${at}.name`));
  for (const detail of name === "" ? [] : dnsLabelErrors(name)) {
    errors.push(field.invalid(`${at}.name`, name, detail));
  }
  if (image === "") errors.push(field.required(`${at}.image`));
  else if (image !== image.trim()) {
    errors.push(field.invalid(`${at}.image`, image, "must not have leading or trailing whitespace"));
  }
  const messages = textOf(container, "terminationMessagePolicy");
  if (!MESSAGE_POLICIES.includes(messages)) {
    errors.push(field.notSupported(`${at}.terminationMessagePolicy`, messages, MESSAGE_POLICIES));
  }
  errors.push(
    ...validatePorts(container, at),
    ...validateEnv(container, at),
    ...validateEnvFrom(container, at),
  );
  errors.push(...validateMounts(container, at, volumes));
  const pull = textOf(container, "imagePullPolicy");
  if (!PULL_POLICIES.includes(pull)) {
    errors.push(field.notSupported(`${at}.imagePullPolicy`, pull, PULL_POLICIES));
  }
  errors.push(...validateResources(partOf(container, "resources"), `${at}.resources`));
  errors.push(...validateSecurityContext(partOf(container, "securityContext"), `${at}.securityContext`));
  return errors;
}

function validatePorts(container: JsonObject, at: string): FieldError[] {
  const names = new Set<string>();
  return itemsOf(container, "ports").flatMap((port, index) => {
    const path = `${at}.ports[${index}]`;
    const errors: FieldError[] = [];
    const name = textOf(port, "name");
    for (const detail of name === "" ? [] : portNameErrors(name)) {
      errors.push(field.invalid(`${path}.name`, name, detail));
    }
    if (name !== "" && names.has(name)) errors.push(field.duplicate(`${path}.name`, name));
    names.add(name);
    const number = Number(port["containerPort"]);
    if (number === 0) errors.push(field.required(`${path}.containerPort`));
    else if (number < 1 || number > 65535) {
      errors.push(field.invalid(`${path}.containerPort`, number, "must be between 1 and 65535, inclusive"));
    }
    const protocol = textOf(port, "protocol");
    if (!["SCTP", "TCP", "UDP"].includes(protocol)) {
      errors.push(field.notSupported(`${path}.protocol`, protocol, ["SCTP", "TCP", "UDP"]));
    }
    return errors;
  });
}

function validateEnv(container: JsonObject, at: string): FieldError[] {
  return itemsOf(container, "env").flatMap((variable, index) => {
    const path = `${at}.env[${index}]`;
    const name = textOf(variable, "name");
    const errors: FieldError[] = [];
    if (name === "") errors.push(field.required(`${path}.name`));
    else
      for (const detail of envVarNameErrors(name)) errors.push(field.invalid(`${path}.name`, name, detail));
    if ("valueFrom" in variable) errors.push(...validateSource(variable, `${path}.valueFrom`));
    return errors;
  });
}

const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

const FIELD_PATHS = new Set([
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

function validateSource(variable: JsonObject, path: string): FieldError[] {
  const source = partOf(variable, "valueFrom");
  const named = SOURCES.filter((name) => name in source);
  const errors: FieldError[] = [];
  if (named.length === 0) {
    errors.push(
      field.invalid(
        path,
        "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
      ),
    );
  } else if (textOf(variable, "value") !== "") {
    errors.push(field.invalid(path, "", "may not be specified when `value` is not empty"));
  } else if (named.length > 1) {
    errors.push(field.invalid(path, "", "may not have more than one field specified at a time"));
  }
  for (const name of ["configMapKeyRef", "secretKeyRef"]) {
    if (name in source) errors.push(...validateKeyRef(partOf(source, name), `${path}.${name}`));
  }
  if ("fieldRef" in source) {
    const fieldPath = textOf(partOf(source, "fieldRef"), "fieldPath");
    const isSubscripted = /^metadata\.(annotations|labels)\['.+'\]$/.test(fieldPath);
    if (fieldPath === "") errors.push(field.required(`${path}.fieldRef.fieldPath`));
    else if (!isSubscripted && !FIELD_PATHS.has(fieldPath)) {
      errors.push(field.notSupported(`${path}.fieldRef.fieldPath`, fieldPath, [...FIELD_PATHS].sort()));
    }
  }
  if ("resourceFieldRef" in source && textOf(partOf(source, "resourceFieldRef"), "resource") === "") {
    errors.push(field.required(`${path}.resourceFieldRef.resource`));
  }
  return errors;
}

function validateKeyRef(reference: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const key = textOf(reference, "key");
  if (textOf(reference, "name") === "") errors.push(field.required(`${path}.name`));
  if (key === "") errors.push(field.required(`${path}.key`));
  else for (const detail of configMapKeyErrors(key)) errors.push(field.invalid(`${path}.key`, key, detail));
  return errors;
}

function validateEnvFrom(container: JsonObject, at: string): FieldError[] {
  return itemsOf(container, "envFrom").flatMap((source, index) => {
    const path = `${at}.envFrom[${index}]`;
    const errors: FieldError[] = [];
    const prefix = textOf(source, "prefix");
    for (const detail of prefix === "" ? [] : envVarNameErrors(prefix)) {
      errors.push(field.invalid(`${path}.prefix`, prefix, detail));
    }
    const named = ["configMapRef", "secretRef"].filter((name) => name in source);
    if (named.length === 0) {
      errors.push(field.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    }
    if (named.length > 1) {
      errors.push(field.invalid(path, "", "may not have more than one field specified at a time"));
    }
    for (const name of named) {
      if (textOf(partOf(source, name), "name") === "") errors.push(field.required(`${path}.${name}.name`));
    }
    return errors;
  });
}

function validateMounts(container: JsonObject, at: string, volumes: ReadonlySet<string>): FieldError[] {
  const paths = new Set<string>();
  return itemsOf(container, "volumeMounts").flatMap((mount, index) => {
    const path = `${at}.volumeMounts[${index}]`;
    const errors: FieldError[] = [];
    const name = textOf(mount, "name");
    const mountPath = textOf(mount, "mountPath");
    if (name === "") errors.push(field.required(`${path}.name`));
    else if (!volumes.has(name)) errors.push(field.notFound(`${path}.name`, name));
    if (mountPath === "") errors.push(field.required(`${path}.mountPath`));
    if (paths.has(mountPath)) errors.push(field.invalid(`${path}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    for (const part of ["subPath", "subPathExpr"]) {
      const text = textOf(mount, part);
      if (text !== "") errors.push(...relativePathErrors(text, `${path}.${part}`));
    }
    if (textOf(mount, "subPath") !== "" && textOf(mount, "subPathExpr") !== "") {
      errors.push(
        field.invalid(
          `${path}.subPathExpr`,
          mount["subPathExpr"],
          "subPathExpr and subPath are mutually exclusive",
        ),
      );
    }
    return errors;
  });
}

const RESOURCE_NAMES = /^(cpu|memory|ephemeral-storage|hugepages-.+|.+\/.+)$/;

function validateResources(resources: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const limits = partOf(resources, "limits");
  for (const list of ["limits", "requests"]) {
    for (const [name, amount] of Object.entries(partOf(resources, list))) {
      const path = `${at}.${list}[${name}]`;
      if (!RESOURCE_NAMES.test(name)) {
        errors.push(
          field.invalid(`${at}.${list}`, name, "must be a standard resource type or fully qualified"),
        );
        errors.push(field.invalid(`${at}.${list}`, name, "must be a standard resource for containers"));
      }
      const value = parseQuantity(String(amount)).value;
      const zero = parseQuantity("0").value;
      if (value !== undefined && zero !== undefined && compareQuantities(value, zero) < 0) {
        errors.push(field.invalid(path, amount, "must be greater than or equal to 0"));
      }
      const limit = parseQuantity(String(limits[name])).value;
      const exceeds = value !== undefined && limit !== undefined && compareQuantities(value, limit) > 0;
      if (list === "requests" && name in limits && exceeds) {
        errors.push(
          field.invalid(
            `${at}.requests`,
            amount,
            `must be less than or equal to ${name} limit of ${String(limits[name])}`,
          ),
        );
      }
    }
  }
  return errors;
}

function validateSecurityContext(security: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["runAsUser", "runAsGroup"]) {
    const id = security[name];
    if (typeof id === "number" && (id < 0 || id > 2 ** 31 - 1)) {
      errors.push(field.invalid(`${at}.${name}`, id, "must be between 0 and 2147483647, inclusive"));
    }
  }
  if (security["allowPrivilegeEscalation"] === false) {
    if (security["privileged"] === true) {
      errors.push(
        field.invalid(
          at,
          security,
          "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
        ),
      );
    }
    const added = partOf(security, "capabilities")["add"];
    if (Array.isArray(added) && added.includes("CAP_SYS_ADMIN")) {
      errors.push(
        field.invalid(
          at,
          security,
          "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
        ),
      );
    }
  }
  return errors;
}
