import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { qualifiedNameErrors } from "../../../../kube/names.ts";
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
  ["completionMode", present(), oneOf("NonIndexed", "Indexed")],
  ["podReplacementPolicy", replacementErrors],
];

function replacementErrors(value: unknown, at: string, spec: MutableObject): FieldError[] {
  const isStrict = spec["podFailurePolicy"] !== undefined;
  return oneOf(...(isStrict ? ["Failed"] : ["Failed", "TerminatingOrFailed"]))(value, at, spec);
}

/** Everything wrong with a Job. */
export function validateJob(job: MutableObject): FieldError[] {
  const spec = objectAt(job, "spec");
  const errors = checkRules(JOB, spec, "spec");
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
  return rules.flatMap((rule, index) => {
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
    if (hasCodes)
      errors.push(...validateExitCodes(objectAt(rule, "onExitCodes"), `${at}.onExitCodes`, names));
    return [...errors, ...checkRules(CONDITIONS, rule, at)];
  });
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
  for (const name of ["completions", "selector", "completionMode", "podFailurePolicy"]) {
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
      ...rest
    } = objectAt(template, "spec");
    return { spec: rest };
  };
  if (!jsonEqual(fixed(objectAt(spec, "template")), fixed(objectAt(before, "template")))) {
    errors.push(field.invalid("spec.template", spec["template"], "field is immutable"));
  }
  return errors;
}
