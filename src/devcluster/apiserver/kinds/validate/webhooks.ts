import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, textAt } from "../../../../kube/json.ts";
import { dns1035LabelErrors, dnsSubdomainErrors, qualifiedNameErrors } from "../../../../kube/names.ts";
import { compileWith, usesVariable } from "../../definitions/cel/compile-errors.ts";
import { kindType, printType, type DeclType } from "../../definitions/cel/decl-type.ts";
import { labelSelector } from "./label-selector.ts";
import { between, checkRules, oneOf, present, type Rule } from "./rule-table.ts";
import { ADMISSION_RULE, clientErrors } from "./webhook-parts.ts";

/** Validation of webhook configurations. Source: kubernetes pkg/apis/admissionregistration/validation. */

const WEBHOOK: readonly Rule[] = [
  ["admissionReviewVersions", reviewVersionErrors],
  ["sideEffects", present("must specify one of None, NoneOnDryRun"), oneOf("None", "NoneOnDryRun")],
  ["timeoutSeconds", between(1, 30, "the timeout value must be between 1 and 30 seconds")],
  ["failurePolicy", oneOf("Fail", "Ignore")],
  ["matchPolicy", oneOf("Equivalent", "Exact")],
  ["reinvocationPolicy", oneOf("IfNeeded", "Never")],
  ["namespaceSelector", labelSelector],
  ["objectSelector", labelSelector],
  ["clientConfig", clientErrors],
  ["rules[]", (rule, at) => checkRules(ADMISSION_RULE, rule as MutableObject, at)],
];

/** Everything wrong with a webhook configuration. */
export function validateWebhooks(object: MutableObject): FieldError[] {
  const seen = new Set<string>();
  return objectsAt(object, "webhooks").flatMap((webhook, index) => {
    const path = `webhooks[${index}]`;
    const name = textAt(webhook, "name");
    const errors = nameErrors(name, `${path}.name`);
    if (seen.has(name)) errors.push(field.duplicate(`${path}.name`, name));
    seen.add(name);
    errors.push(...checkRules(WEBHOOK, webhook, path));
    return [...errors, ...matchConditionErrors(webhook, `${path}.matchConditions`)];
  });
}

function nameErrors(name: string, at: string): FieldError[] {
  if (name === "") return [field.required(at)];
  const errors = dnsSubdomainErrors(name).map((detail) => field.invalid(at, name, detail));
  if (name.split(".").length < 3) {
    const words = "should be a domain with at least three segments separated by dots";
    errors.push(field.invalid(at, name, words));
  }
  return errors;
}

const REVIEW_VERSIONS = ["v1", "v1beta1"];

function reviewVersionErrors(value: unknown, at: string): FieldError[] {
  const versions = Array.isArray(value) ? value.map(String) : [];
  if (versions.length === 0) return [field.required(at, "must specify one of v1, v1beta1")];
  const errors = versions.flatMap((version, index) => {
    const here = `${at}[${index}]`;
    if (versions.indexOf(version) < index) return [field.invalid(here, version, "duplicate version")];
    return dns1035LabelErrors(version).map((detail) => field.invalid(here, version, detail));
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    errors.push(field.invalid(at, versions, "must include at least one of v1, v1beta1"));
  }
  return errors;
}

const MOST_CONDITIONS = 64;

function matchConditionErrors(webhook: MutableObject, path: string): FieldError[] {
  const conditions = objectsAt(webhook, "matchConditions");
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  if (conditions.length > MOST_CONDITIONS) {
    errors.push(field.tooMany(path, conditions.length, MOST_CONDITIONS));
  }
  for (const [index, condition] of conditions.entries()) {
    const at = `${path}[${index}]`;
    const name = textAt(condition, "name");
    errors.push(...expressionErrors(textAt(condition, "expression").trim(), `${at}.expression`));
    if (name === "") errors.push(field.required(`${at}.name`));
    else errors.push(...qualifiedNameErrors(name).map((why) => field.invalid(`${at}.name`, name, why)));
    if (name !== "" && seen.has(name)) errors.push(field.duplicate(`${at}.name`, name));
    seen.add(name);
  }
  return errors;
}

function expressionErrors(source: string, path: string): FieldError[] {
  if (source === "") return [field.required(path)];
  if (usesVariable(source, "authorizer")) {
    // Refused rather than passed over: the webhook would be asked about more than its author wants.
    return [field.forbidden(path, "this development cluster does not know authorizer in match conditions")];
  }
  const compiled = compileWith(source, conditionVariables());
  if (compiled.error !== undefined) {
    return [field.invalid(path, source, `compilation failed: ${compiled.error}`)];
  }
  if (compiled.type.kind === "bool") return [];
  return [field.invalid(path, source, `must evaluate to bool but got ${printType(compiled.type)}`)];
}

/** What a match condition may look at. Source: apiserver admission/plugin/cel/compile.go. */
function conditionVariables(): Map<string, DeclType> {
  const text = kindType("string", Infinity);
  const dynamic = kindType("dyn", Infinity);
  const texts = kindType("list", Infinity, text);
  const objectOf = (fields: Record<string, DeclType>): DeclType => ({
    ...kindType("object"),
    fields: new Map(Object.entries(fields)),
  });
  const kind = objectOf({ group: text, version: text, kind: text });
  const resource = objectOf({ group: text, version: text, resource: text });
  const extra = kindType("map", Infinity, texts);
  const request = objectOf({
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo: objectOf({ username: text, uid: text, groups: texts, extra }),
    dryRun: kindType("bool"),
    options: dynamic,
  });
  return new Map([
    ["object", dynamic],
    ["oldObject", dynamic],
    ["request", request],
  ]);
}
