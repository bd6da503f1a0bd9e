import { forbidden, invalid, notSupported, required, type FieldError } from "../../../kube/field-errors.ts";
import {
  fieldOf,
  isObject,
  jsonEqual,
  withField,
  type JsonObject,
  objectAt,
  objectsAt,
  textAt,
  textsAt,
} from "../../../kube/json.ts";
import { dns1035LabelErrors, dnsSubdomainErrors } from "../../../kube/names.ts";
import { versionErrors } from "./crd-version.ts";

/** CustomResourceDefinitions (apiextensions.k8s.io/v1): defaults, names and validation. */

/** The CRD with what the server fills in: singular, listKind and the conversion strategy. */
export function defaultCrd(crd: JsonObject): JsonObject {
  const spec = objectAt(crd, "spec");
  const names = objectAt(spec, "names");
  const kind = textAt(names, "kind");
  const defaults = {
    ...(textAt(names, "singular") === "" && kind !== "" ? { singular: kind.toLowerCase() } : {}),
    ...(textAt(names, "listKind") === "" && kind !== "" ? { listKind: `${kind}List` } : {}),
  };
  const conversion = isObject(spec["conversion"]) ? spec["conversion"] : { strategy: "None" };
  return withField(crd, "spec", { ...spec, names: { ...names, ...defaults }, conversion });
}

/** `status.acceptedNames` of a CRD whose names no other holds. */
export function acceptedNames(crd: JsonObject): JsonObject {
  return objectAt(objectAt(crd, "spec"), "names");
}

/** The rule for a CRD's own name: a subdomain, and `PLURAL.GROUP`. */
export function crdNameErrors(crd: JsonObject, name: string): string[] {
  const spec = objectAt(crd, "spec");
  const wanted = `${textAt(objectAt(spec, "names"), "plural")}.${textAt(spec, "group")}`;
  const errors = dnsSubdomainErrors(name);
  return name === wanted ? errors : [...errors, 'must be spec.names.plural+"."+spec.group'];
}

function groupErrors(group: string): FieldError[] {
  if (group === "") return [required("spec.group")];
  const errors = dnsSubdomainErrors(group);
  if (errors.length > 0) return [invalid("spec.group", group, errors.join(","))];
  return group.includes(".")
    ? []
    : [invalid("spec.group", group, "should be a domain with at least one dot")];
}

function namesErrors(names: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of ["plural", "singular"]) {
    const value = textAt(names, key);
    const found = value === "" ? [] : dns1035LabelErrors(value);
    if (found.length > 0) errors.push(invalid(`${path}.${key}`, value, found.join(",")));
  }
  for (const key of ["kind", "listKind"]) {
    const value = textAt(names, key);
    const found = value === "" ? [] : dns1035LabelErrors(value.toLowerCase());
    const words = `may have mixed case, but should otherwise match: ${found.join(",")}`;
    if (found.length > 0) errors.push(invalid(`${path}.${key}`, value, words));
  }
  const kind = textAt(names, "kind");
  const isSame = kind !== "" && kind === textAt(names, "listKind");
  errors.push(...labelErrors(textsAt(names, "shortNames"), `${path}.shortNames`));
  if (isSame) errors.push(invalid(`${path}.listKind`, kind, "kind and listKind may not be the same"));
  return [...errors, ...labelErrors(textsAt(names, "categories"), `${path}.categories`)];
}

function labelErrors(values: readonly string[], path: string): FieldError[] {
  return values.flatMap((value, index) => {
    const found = dns1035LabelErrors(value);
    return found.length === 0 ? [] : [invalid(`${path}[${index}]`, value, found.join(","))];
  });
}

function conversionErrors(conversion: JsonObject): FieldError[] {
  const path = "spec.conversion";
  const strategy = textAt(conversion, "strategy");
  if (strategy === "") return [required(`${path}.strategy`)];
  if (strategy !== "None" && strategy !== "Webhook") {
    return [notSupported(`${path}.strategy`, strategy, ["None", "Webhook"])];
  }
  const webhook = conversion["webhook"];
  if (strategy === "None") {
    const words = "should not be set when strategy is not set to Webhook";
    return isObject(webhook) ? [forbidden(`${path}.webhookClientConfig`, words)] : [];
  }
  const client = fieldOf(webhook, "clientConfig");
  const errors: FieldError[] = [];
  if (!isObject(client)) {
    errors.push(required(`${path}.webhookClientConfig`, "required when strategy is set to Webhook"));
  } else if ((client["url"] === undefined) === (client["service"] === undefined)) {
    errors.push(required(`${path}.webhookClientConfig`, "exactly one of url or service is required"));
  }
  if (textsAt(webhook, "conversionReviewVersions").length === 0)
    errors.push(required(`${path}.conversionReviewVersions`));
  return errors;
}

function requiredNames(names: JsonObject): FieldError[] {
  return ["plural", "singular", "kind", "listKind"].flatMap((key) =>
    textAt(names, key) === "" ? [required(`spec.names.${key}`)] : [],
  );
}

function specErrors(spec: JsonObject, judged: readonly JsonObject[]): FieldError[] {
  const scope = textAt(spec, "scope");
  const versions = objectsAt(spec, "versions");
  const errors = groupErrors(textAt(spec, "group"));
  if (scope === "") errors.push(required("spec.scope"));
  else if (scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported("spec.scope", scope, ["Cluster", "Namespaced"]));
  }
  versions.forEach((version, index) => {
    if (isObject(objectAt(version, "schema")["openAPIV3Schema"])) return;
    errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`));
  });
  if (spec["preserveUnknownFields"] === true) {
    const words = "must be false in order to use defaults in the schema";
    errors.push(invalid("spec.preserveUnknownFields", true, words));
  }
  versions.forEach((version, index) => {
    const isJudged = judged.some((each) => jsonEqual(each["schema"], version["schema"]));
    errors.push(...versionErrors(version, index, versions, isJudged));
  });
  const names = versions.map((version) => textAt(version, "name"));
  if (new Set(names).size < names.length) {
    errors.push(invalid("spec.versions", versions, "must contain unique version names"));
  }
  if (versions.filter((version) => version["storage"] === true).length !== 1) {
    const words = "must have exactly one version marked as storage version";
    errors.push(invalid("spec.versions", versions, words));
  }
  const specNames = objectAt(spec, "names");
  return [
    ...errors,
    ...requiredNames(specNames),
    ...namesErrors(specNames, "spec.names"),
    ...conversionErrors(objectAt(spec, "conversion")),
  ];
}

function immutable(field: string, now: unknown, before: unknown): FieldError[] {
  return jsonEqual(now, before) ? [] : [invalid(field, now ?? "", "field is immutable")];
}

function isEstablished(crd: JsonObject): boolean {
  return objectsAt(objectAt(crd, "status"), "conditions").some(
    (condition) => condition["type"] === "Established" && condition["status"] === "True",
  );
}

function storedVersionErrors(crd: JsonObject): FieldError[] {
  const stored = textsAt(objectAt(crd, "status"), "storedVersions");
  const served = objectsAt(objectAt(crd, "spec"), "versions").map((version) => textAt(version, "name"));
  return stored.flatMap((name, index) =>
    served.includes(name)
      ? []
      : [
          invalid(
            `status.storedVersions[${index}]`,
            name,
            `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
          ),
        ],
  );
}

/**
 * What is wrong with a defaulted CRD, its metadata apart (see `crdNameErrors`). Schemas of `old`, which is updated,
 * and of the versions `judged` are not judged again.
 */
export function validateCrd(crd: JsonObject, old?: JsonObject, judged: JsonObject[] = []): FieldError[] {
  const spec = objectAt(crd, "spec");
  if (old === undefined) return specErrors(spec, judged);
  const before = objectAt(old, "spec");
  const [names, oldNames] = [objectAt(spec, "names"), objectAt(before, "names")];
  const fixed = isEstablished(old)
    ? [
        ...immutable("spec.scope", spec["scope"], before["scope"]),
        ...immutable("spec.names.kind", names["kind"], oldNames["kind"]),
      ]
    : [];
  return [
    ...specErrors(spec, [...objectsAt(before, "versions"), ...judged]),
    ...fixed,
    ...immutable("spec.group", spec["group"], before["group"]),
    ...immutable("spec.names.plural", names["plural"], oldNames["plural"]),
    ...storedVersionErrors(crd),
  ];
}
