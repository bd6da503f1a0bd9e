import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import {
  configMapKeyErrors,
  dnsLabelErrors,
  dnsSubdomainErrors,
  envVarNameErrors,
  portNameErrors,
} from "../../../../kube/names.ts";
import { VARIABLE_FIELDS, validateFieldRef, validateResourceRef } from "./downward.ts";
import { validateProbes } from "./probe.ts";
import { validateResources } from "./resources.ts";
import { between, checkRules, oneOf, type Rule } from "./rule-table.ts";
import { validateContainerSecurity } from "./security-context.ts";
import { validateMountOptions } from "./volume-sources.ts";

/** Containers and init containers of a pod's spec, in the server's order. */
export function validateContainers(
  spec: MutableObject,
  path: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const names = new Set<string>();
  const grace = Number(spec["terminationGracePeriodSeconds"] ?? 30);
  const errors: FieldError[] = [];
  for (const list of ["containers", "initContainers"]) {
    for (const [index, container] of objectsAt(spec, list).entries()) {
      const at = `${path}.${list}[${index}]`;
      const name = textAt(container, "name");
      errors.push(...validateContainer(container, at, spec, volumes));
      errors.push(...validateProbes(container, at, { isInit: list === "initContainers", grace }));
      if (name !== "" && names.has(name)) errors.push(field.duplicate(`${at}.name`, name));
      names.add(name);
    }
  }
  return errors;
}

const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];

const OPTIONS: readonly Rule[] = [["restartPolicy", oneOf("Always", "Never", "OnFailure")]];

function validateContainer(
  container: MutableObject,
  at: string,
  spec: MutableObject,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(container, "name");
  const image = textAt(container, "image");
  if (name === "") errors.push(field.required(`${at}.name`));
  for (const detail of name === "" ? [] : dnsLabelErrors(name)) {
    errors.push(field.invalid(`${at}.name`, name, detail));
  }
  if (image === "") errors.push(field.required(`${at}.image`));
  else if (image !== image.trim()) {
    errors.push(field.invalid(`${at}.image`, image, "must not have leading or trailing whitespace"));
  }
  const messages = textAt(container, "terminationMessagePolicy");
  if (!MESSAGE_POLICIES.includes(messages)) {
    errors.push(field.notSupported(`${at}.terminationMessagePolicy`, messages, MESSAGE_POLICIES));
  }
  errors.push(
    ...validatePorts(container, at),
    ...validateEnv(container, at),
    ...validateEnvFrom(container, at),
  );
  errors.push(...validateMounts(container, at, volumes));
  const pull = textAt(container, "imagePullPolicy");
  if (!PULL_POLICIES.includes(pull)) {
    errors.push(field.notSupported(`${at}.imagePullPolicy`, pull, PULL_POLICIES));
  }
  const claims = objectsAt(spec, "resourceClaims").map((claim) => textAt(claim, "name"));
  errors.push(...validateResources(objectAt(container, "resources"), `${at}.resources`, claims));
  const security = objectAt(container, "securityContext");
  errors.push(...validateContainerSecurity(security, `${at}.securityContext`));
  errors.push(...checkRules(OPTIONS, container, at));
  return errors;
}

function validatePorts(container: MutableObject, at: string): FieldError[] {
  const names = new Set<string>();
  const taken = new Set<string>();
  return objectsAt(container, "ports").flatMap((port, index) => {
    const path = `${at}.ports[${index}]`;
    const errors: FieldError[] = [];
    const name = textAt(port, "name");
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
    const host = port["hostPort"] ?? 0;
    if (host !== 0) errors.push(...between(1, 65535)(host, `${path}.hostPort`, port));
    const key = `${textAt(port, "protocol")}/${textAt(port, "hostIP")}/${String(host)}`;
    if (host !== 0 && taken.has(key)) errors.push(field.duplicate(`${path}.hostPort`, key));
    taken.add(key);
    const protocol = textAt(port, "protocol");
    if (!["SCTP", "TCP", "UDP"].includes(protocol)) {
      errors.push(field.notSupported(`${path}.protocol`, protocol, ["SCTP", "TCP", "UDP"]));
    }
    return errors;
  });
}

function validateEnv(container: MutableObject, at: string): FieldError[] {
  return objectsAt(container, "env").flatMap((variable, index) => {
    const path = `${at}.env[${index}]`;
    const name = textAt(variable, "name");
    const errors: FieldError[] = [];
    if (name === "") errors.push(field.required(`${path}.name`));
    else
      for (const detail of envVarNameErrors(name)) errors.push(field.invalid(`${path}.name`, name, detail));
    if ("valueFrom" in variable) errors.push(...validateSource(variable, `${path}.valueFrom`));
    return errors;
  });
}

const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

function validateSource(variable: MutableObject, path: string): FieldError[] {
  const source = objectAt(variable, "valueFrom");
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
  } else if (textAt(variable, "value") !== "") {
    errors.push(field.invalid(path, "", "may not be specified when `value` is not empty"));
  } else if (named.length > 1) {
    errors.push(field.invalid(path, "", "may not have more than one field specified at a time"));
  }
  for (const name of ["configMapKeyRef", "secretKeyRef"]) {
    if (name in source) errors.push(...validateKeyRef(objectAt(source, name), `${path}.${name}`));
  }
  if ("fieldRef" in source) {
    errors.push(...validateFieldRef(objectAt(source, "fieldRef"), `${path}.fieldRef`, VARIABLE_FIELDS));
  }
  if ("resourceFieldRef" in source) {
    const reference = objectAt(source, "resourceFieldRef");
    errors.push(...validateResourceRef(reference, `${path}.resourceFieldRef`, false));
  }
  return errors;
}

function validateKeyRef(reference: MutableObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const key = textAt(reference, "key");
  const name = textAt(reference, "name");
  errors.push(...dnsSubdomainErrors(name).map((detail) => field.invalid(`${path}.name`, name, detail)));
  if (key === "") errors.push(field.required(`${path}.key`));
  else for (const detail of configMapKeyErrors(key)) errors.push(field.invalid(`${path}.key`, key, detail));
  return errors;
}

function validateEnvFrom(container: MutableObject, at: string): FieldError[] {
  return objectsAt(container, "envFrom").flatMap((source, index) => {
    const list = `${at}.envFrom`;
    const path = `${list}[${index}]`;
    const errors: FieldError[] = [];
    const prefix = textAt(source, "prefix");
    for (const detail of prefix === "" ? [] : envVarNameErrors(prefix)) {
      errors.push(field.invalid(`${path}.prefix`, prefix, detail));
    }
    const named = ["configMapRef", "secretRef"].filter((name) => name in source);
    if (named.length === 0) {
      errors.push(field.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`"));
    }
    if (named.length > 1) {
      errors.push(field.invalid(list, "", "may not have more than one field specified at a time"));
    }
    for (const name of named) {
      const here = `${path}.${name}.name`;
      const named = textAt(objectAt(source, name), "name");
      if (named === "") errors.push(field.required(here));
      else errors.push(...dnsSubdomainErrors(named).map((detail) => field.invalid(here, named, detail)));
    }
    return errors;
  });
}

function validateMounts(container: MutableObject, at: string, volumes: ReadonlySet<string>): FieldError[] {
  const paths = new Set<string>();
  return objectsAt(container, "volumeMounts").flatMap((mount, index) => {
    const path = `${at}.volumeMounts[${index}]`;
    const errors: FieldError[] = [];
    const name = textAt(mount, "name");
    const mountPath = textAt(mount, "mountPath");
    if (name === "") errors.push(field.required(`${path}.name`));
    if (!volumes.has(name)) errors.push(field.notFound(`${path}.name`, name));
    if (mountPath === "") errors.push(field.required(`${path}.mountPath`));
    if (paths.has(mountPath)) errors.push(field.invalid(`${path}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    errors.push(...validateMountOptions(mount, `${at}.volumeMounts`));
    if (textAt(mount, "subPath") !== "" && textAt(mount, "subPathExpr") !== "") {
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
