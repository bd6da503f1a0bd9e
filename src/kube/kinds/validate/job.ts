import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { jsonEqual } from "../../json.ts";
import { dnsLabelErrors } from "../../names.ts";
import { validatePodTemplate } from "./pod.ts";

/** Validation of Jobs. Source: kubernetes pkg/apis/batch/validation. */

const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
];

/** Everything wrong with a Job. */
export function validateJob(job: JsonObject): FieldError[] {
  const spec = partOf(job, "spec");
  const errors: FieldError[] = [];
  for (const name of COUNTS) {
    const value = spec[name];
    if (typeof value === "number" && value < 0) {
      errors.push(field.invalid(`spec.${name}`, value, "must be greater than or equal to 0"));
    }
  }
  const mode = textOf(spec, "completionMode");
  if (mode !== "NonIndexed" && mode !== "Indexed") {
    errors.push(field.notSupported("spec.completionMode", mode, ["Indexed", "NonIndexed"]));
  }
  if (mode === "Indexed") {
    if (spec["completions"] === undefined) {
      errors.push(field.required("spec.completions", "when completion mode is Indexed"));
    }
    for (const detail of dnsLabelErrors(`${metaOf(job).name ?? ""}-0`)) {
      errors.push(
        field.invalid(
          "metadata.name",
          metaOf(job).name,
          `will not able to create pod with invalid DNS label: ${detail}`,
        ),
      );
    }
  }
  errors.push(...validateSelector(job), ...validateFailurePolicy(spec));
  errors.push(...validatePodTemplate(partOf(spec, "template"), "spec.template"));
  errors.push(...validateRestartPolicy(spec));
  return errors;
}

function validateSelector(job: JsonObject): FieldError[] {
  const spec = partOf(job, "spec");
  const wanted = partOf(partOf(spec, "selector"), "matchLabels");
  if (Object.keys(partOf(spec, "selector")).length === 0) return [field.required("spec.selector")];
  const labels = metaOf(partOf(spec, "template")).labels ?? {};
  const matches = Object.entries(wanted).every(([key, value]) => labels[key] === value);
  return matches
    ? []
    : [field.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")];
}

function validateRestartPolicy(spec: JsonObject): FieldError[] {
  const path = "spec.template.spec.restartPolicy";
  const policy = textOf(partOf(partOf(spec, "template"), "spec"), "restartPolicy");
  if (policy === "" || policy === "Always") {
    return [field.required(path, 'valid values: "OnFailure", "Never"')];
  }
  if ("podFailurePolicy" in spec && policy !== "Never") {
    return [field.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
  }
  return [];
}

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

function validateFailurePolicy(spec: JsonObject): FieldError[] {
  const containers = partOf(partOf(spec, "template"), "spec");
  const names = ["containers", "initContainers"].flatMap((list) =>
    itemsOf(containers, list).map((container) => textOf(container, "name")),
  );
  return itemsOf(partOf(spec, "podFailurePolicy"), "rules").flatMap((rule, index) => {
    const at = `spec.podFailurePolicy.rules[${index}]`;
    const errors: FieldError[] = [];
    const action = textOf(rule, "action");
    if (action === "")
      errors.push(
        field.required(`${at}.action`, `valid values: [${ACTIONS.map((name) => `"${name}"`).join(" ")}]`),
      );
    else if (!ACTIONS.includes(action)) errors.push(field.notSupported(`${at}.action`, action, ACTIONS));
    const conditions = itemsOf(rule, "onPodConditions");
    const hasCodes = "onExitCodes" in rule;
    if (hasCodes === conditions.length > 0) {
      const detail = hasCodes
        ? "specifying both OnExitCodes and OnPodConditions is not supported"
        : "specifying one of OnExitCodes and OnPodConditions is required";
      errors.push(field.invalid(at, rule, detail));
    }
    if (hasCodes) errors.push(...validateExitCodes(partOf(rule, "onExitCodes"), `${at}.onExitCodes`, names));
    return errors;
  });
}

function validateExitCodes(rule: JsonObject, at: string, containers: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  const operator = textOf(rule, "operator");
  if (operator !== "In" && operator !== "NotIn") {
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
export function validateJobUpdate(job: JsonObject, old: JsonObject): FieldError[] {
  const errors = validateJob(job);
  const spec = partOf(job, "spec");
  const before = partOf(old, "spec");
  const isIndexed = before["completionMode"] === "Indexed";
  for (const name of [
    "completions",
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
  ]) {
    if (name === "completions" && isIndexed) continue;
    if (!jsonEqual(spec[name], before[name])) {
      errors.push(field.invalid(`spec.${name}`, spec[name] ?? null, "field is immutable"));
    }
  }
  // While it is suspended and has not started, the pods' placement may still change.
  const mayMove = before["suspend"] === true && partOf(old, "status")["startTime"] === undefined;
  const fixed = (template: JsonObject): JsonObject => {
    if (!mayMove) return template;
    const {
      affinity: _affinity,
      nodeSelector: _selector,
      tolerations: _tolerations,
      schedulingGates: _gates,
      ...rest
    } = partOf(template, "spec");
    return { spec: rest };
  };
  if (!jsonEqual(fixed(partOf(spec, "template")), fixed(partOf(before, "template")))) {
    errors.push(field.invalid("spec.template", spec["template"], "field is immutable"));
  }
  return errors;
}
