import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { dnsLabelErrors, dnsSubdomainErrors, qualifiedNameErrors } from "../../../../kube/names.ts";
import { labelSelector, selects } from "./label-selector.ts";
import { validatePodTemplate } from "./pod.ts";
import { atLeast, checkRules, namedAlways, oneOf, present, type Rule } from "./rule-table.ts";

/** Validation of Jobs. Source: kubernetes pkg/apis/batch/validation. */

const COUNT = atLeast(0);

const JOB: readonly Rule[] = [
  ["parallelism", COUNT],
  ["completions", COUNT],
  ["activeDeadlineSeconds", COUNT],
  ["backoffLimit", COUNT],
  ["ttlSecondsAfterFinished", COUNT],
  ["backoffLimitPerIndex", COUNT, indexedOnly],
  ["maxFailedIndexes", COUNT, indexedOnly, ofFewCompletions],
  ["completionMode", present(), oneOf("NonIndexed", "Indexed")],
  ["managedBy", managerErrors],
  ["podReplacementPolicy", replacementErrors],
];

function indexedOnly(value: unknown, at: string, spec: MutableObject): FieldError[] {
  if (value === undefined || spec["completionMode"] === "Indexed") return [];
  return [field.invalid(at, value, "requires indexed completion mode")];
}

const MANY = 100_000;

function ofFewCompletions(value: unknown, at: string, spec: MutableObject): FieldError[] {
  const completions = Number(spec["completions"] ?? 0);
  const errors: FieldError[] = [];
  if (value !== undefined && spec["backoffLimitPerIndex"] === undefined) {
    errors.push(field.required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified"));
  }
  if (spec["completionMode"] !== "Indexed") return errors;
  if (typeof value === "number" && value > completions) {
    errors.push(field.invalid(at, value, "must be less than or equal to completions"));
  }
  const isCounted = spec["backoffLimitPerIndex"] !== undefined;
  const limits: [string, unknown][] = [
    ["parallelism", spec["parallelism"]],
    ["maxFailedIndexes", value],
  ];
  const over = `must be less than or equal to 10000 when completions are above ${MANY} and used with backoff limit per index`;
  if (isCounted && completions > MANY) {
    if (value === undefined) {
      errors.push(field.required(at, `must be specified when completions is above ${MANY}`));
    }
    for (const [name, amount] of limits) {
      if (typeof amount === "number" && amount > 10_000) {
        errors.push(field.invalid(`spec.${name}`, amount, over));
      }
    }
  }
  const parallelism = spec["parallelism"];
  if (typeof parallelism === "number" && parallelism > MANY) {
    const words = `must be less than or equal to ${MANY} when completion mode is Indexed`;
    errors.push(field.invalid("spec.parallelism", parallelism, words));
  }
  return errors;
}

function managerErrors(value: unknown, at: string): FieldError[] {
  if (value === undefined) return [];
  const name = String(value);
  const [domain = "", ...path] = name.split("/");
  const errors: FieldError[] = [];
  if (name.length > 63) errors.push(field.tooLong(at, 63));
  if (domain === "" || path.join("/") === "") {
    const words = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [...errors, field.invalid(at, name, words)];
  }
  return [...errors, ...dnsSubdomainErrors(domain).map((detail) => field.invalid(at, domain, detail))];
}

function replacementErrors(value: unknown, at: string, spec: MutableObject): FieldError[] {
  const isStrict = spec["podFailurePolicy"] !== undefined;
  return oneOf(...(isStrict ? ["Failed"] : ["Failed", "TerminatingOrFailed"]))(value, at, spec);
}

/** Everything wrong with a Job. */
export function validateJob(job: MutableObject): FieldError[] {
  const spec = objectAt(job, "spec");
  const errors = checkRules(JOB, spec, "spec");
  if (spec["completionMode"] === "Indexed") {
    if (spec["completions"] === undefined) {
      errors.push(field.required("spec.completions", "when completion mode is Indexed"));
    }
    for (const detail of dnsLabelErrors(`${metaOf(job).name ?? ""}-0`)) {
      const words = `will not able to create pod with invalid DNS label: ${detail}`;
      errors.push(field.invalid("metadata.name", metaOf(job).name, words));
    }
  }
  errors.push(...validateFailurePolicy(spec));
  errors.push(...validatePodTemplate(objectAt(spec, "template"), "spec.template"));
  errors.push(...validateRestartPolicy(spec));
  return errors;
}

/** Everything wrong with a new Job: its selector too, which nobody but the server writes. */
export function validateNewJob(job: MutableObject): FieldError[] {
  return [...validateJob(job), ...validateSelector(job)];
}

function validateSelector(job: MutableObject): FieldError[] {
  const spec = objectAt(job, "spec");
  const selector = objectAt(spec, "selector");
  const errors: FieldError[] = [];
  if (spec["selector"] === undefined) errors.push(field.required("spec.selector"));
  else errors.push(...labelSelector(selector, "spec.selector", spec));
  const own = { "batch.kubernetes.io/controller-uid": metaOf(job).uid };
  if (spec["manualSelector"] !== true && !jsonEqual(selector["matchLabels"], own)) {
    errors.push(field.invalid("spec.selector", selector, "`selector` not auto-generated"));
  }
  const { labels } = metaOf({ metadata: {}, ...objectAt(spec, "template") });
  if (spec["selector"] !== undefined && selects(selector, labels ?? {})) return errors;
  const words = "`selector` does not match template `labels`";
  return [...errors, field.invalid("spec.template.metadata.labels", labels ?? null, words)];
}

function validateRestartPolicy(spec: MutableObject): FieldError[] {
  const path = "spec.template.spec.restartPolicy";
  const policy = textAt(objectAt(objectAt(spec, "template"), "spec"), "restartPolicy");
  if (policy === "" || policy === "Always") {
    return [field.required(path, 'valid values: "OnFailure", "Never"')];
  }
  const errors: FieldError[] = [];
  if (policy !== "OnFailure" && policy !== "Never") {
    errors.push(field.notSupported(path, policy, ["OnFailure", "Never"]));
  }
  if ("podFailurePolicy" in spec && policy !== "Never") {
    const words = 'only "Never" is supported when podFailurePolicy is specified';
    errors.push(field.invalid(path, policy, words));
  }
  return errors;
}

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

function validateFailurePolicy(spec: MutableObject): FieldError[] {
  const containers = objectAt(objectAt(spec, "template"), "spec");
  const names = ["containers", "initContainers"].flatMap((list) =>
    objectsAt(containers, list).map((container) => textAt(container, "name")),
  );
  const rules = objectsAt(objectAt(spec, "podFailurePolicy"), "rules");
  const most = 20;
  const tooMany =
    rules.length > most ? [field.tooMany("spec.podFailurePolicy.rules", rules.length, most)] : [];
  const wrong = rules.flatMap((rule, index) => {
    const at = `spec.podFailurePolicy.rules[${index}]`;
    const errors: FieldError[] = [];
    const action = textAt(rule, "action");
    if (action === "")
      errors.push(
        field.required(`${at}.action`, `valid values: [${ACTIONS.map((name) => `"${name}"`).join(" ")}]`),
      );
    else if (!ACTIONS.includes(action)) errors.push(field.notSupported(`${at}.action`, action, ACTIONS));
    const conditions = objectsAt(rule, "onPodConditions");
    const hasCodes = "onExitCodes" in rule;
    if (hasCodes === conditions.length > 0) {
      const detail = hasCodes
        ? "specifying both OnExitCodes and OnPodConditions is not supported"
        : "specifying one of OnExitCodes and OnPodConditions is required";
      errors.push(field.invalid(at, field.omitValue, detail));
    }
    if (action === "FailIndex" && spec["backoffLimitPerIndex"] === undefined) {
      errors.push(field.invalid(`${at}.action`, action, "requires the backoffLimitPerIndex to be set"));
    }
    if (hasCodes)
      errors.push(...validateExitCodes(objectAt(rule, "onExitCodes"), `${at}.onExitCodes`, names));
    return [...errors, ...checkRules(CONDITIONS, rule, at)];
  });
  return [...tooMany, ...wrong];
}

const CONDITIONS: readonly Rule[] = [
  ["onPodConditions[].type", namedAlways(qualifiedNameErrors)],
  ["onPodConditions[].status", oneOf("False", "True", "Unknown")],
];

function validateExitCodes(rule: MutableObject, at: string, containers: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const operator = textAt(rule, "operator");
  if (operator === "") {
    errors.push(field.required(`${at}.operator`, 'valid values: ["In" "NotIn"]'));
  } else if (operator !== "In" && operator !== "NotIn") {
    errors.push(field.notSupported(`${at}.operator`, operator, ["In", "NotIn"]));
  }
  const container = rule["containerName"];
  if (typeof container === "string" && !containers.includes(container)) {
    errors.push(
      field.invalid(
        `${at}.containerName`,
        container,
        "must be one of the container or initContainer names in the pod template",
      ),
    );
  }
  const values = Array.isArray(rule["values"]) ? rule["values"].map(Number) : [];
  if (values.length === 0)
    errors.push(field.invalid(`${at}.values`, values, "at least one value is required"));
  for (const [index, value] of values.entries()) {
    if (operator === "In" && value === 0) {
      errors.push(field.invalid(`${at}.values[${index}]`, value, "must not be 0 for the In operator"));
    }
    if (values.indexOf(value) !== index) errors.push(field.duplicate(`${at}.values[${index}]`, value));
  }
  if (values.some((value, index) => index > 0 && value < (values[index - 1] ?? 0))) {
    errors.push(field.invalid(`${at}.values`, values, "must be ordered"));
  }
  return errors;
}

/** Everything wrong with a change of a Job. */
export function validateJobUpdate(job: MutableObject, old: MutableObject): FieldError[] {
  const errors = validateJob(job);
  const spec = objectAt(job, "spec");
  const before = objectAt(old, "spec");
  const isIndexed = before["completionMode"] === "Indexed";
  for (const name of [
    "completions",
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "successPolicy",
    "managedBy",
  ]) {
    if (name === "completions" && isIndexed) continue;
    if (!jsonEqual(spec[name], before[name])) {
      errors.push(field.invalid(`spec.${name}`, spec[name] ?? null, "field is immutable"));
    }
  }
  // While it is suspended and has not started, the pods' placement may still change.
  const mayMove = before["suspend"] === true && objectAt(old, "status")["startTime"] === undefined;
  const fixed = (template: MutableObject): MutableObject => {
    if (!mayMove) return template;
    const {
      affinity: _affinity,
      nodeSelector: _selector,
      tolerations: _tolerations,
      schedulingGates: _gates,
      ...rest
    } = objectAt(template, "spec");
    return { spec: rest };
  };
  if (!jsonEqual(fixed(objectAt(spec, "template")), fixed(objectAt(before, "template")))) {
    errors.push(field.invalid("spec.template", spec["template"], "field is immutable"));
  }
  return errors;
}
