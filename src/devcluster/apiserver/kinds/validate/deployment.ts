import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { labelSelector, selects } from "./label-selector.ts";
import { validatePodTemplate } from "./pod.ts";
import { atLeast, atMostWhole, checkRules, countOrPercent, type Check, type Rule } from "./rule-table.ts";

/** Validation of Deployments. Source: kubernetes pkg/apis/apps/validation. */

const COUNTS: readonly Rule[] = [
  ["replicas", atLeast(0)],
  ["selector", selectorErrors],
  ["template", templateErrors],
  ["strategy", strategyErrors],
  ["minReadySeconds", atLeast(0)],
  ["revisionHistoryLimit", atLeast(0)],
  ["progressDeadlineSeconds", atLeast(0), outlastsReadiness],
];

/** Everything wrong with a Deployment. */
export function validateDeployment(deployment: MutableObject): FieldError[] {
  return checkRules(COUNTS, objectAt(deployment, "spec"), "spec");
}

function isEmptySelector(selector: MutableObject): boolean {
  return ["matchLabels", "matchExpressions"].every((part) => {
    const value = selector[part];
    return value === undefined || Object.keys(value as object).length === 0;
  });
}

function selectorErrors(value: unknown, at: string): FieldError[] {
  if (!isObject(value)) return [field.required(at)];
  const errors = labelSelector(value, at, {});
  if (isEmptySelector(value)) {
    errors.push(field.invalid(at, value, "empty selector is invalid for deployment"));
  }
  if (errors.length > 0 && !isEmptySelector(value)) {
    errors.push(field.invalid(at, value, "invalid label selector"));
  }
  return errors;
}

function templateErrors(value: unknown, at: string, spec: MutableObject): FieldError[] {
  const template = isObject(value) ? value : {};
  const { labels } = metaOf({ metadata: {}, ...template });
  const selector = objectAt(spec, "selector");
  const errors: FieldError[] = [];
  const isJudged = spec["selector"] === undefined || labelSelector(selector, at, {}).length === 0;
  const isEmpty = spec["selector"] !== undefined && isEmptySelector(selector);
  if (isJudged && !isEmpty && (isEmptySelector(selector) || !selects(selector, labels ?? {}))) {
    const words = "`selector` does not match template `labels`";
    errors.push(field.invalid(`${at}.metadata.labels`, labels ?? null, words));
  }
  errors.push(...validatePodTemplate(template, at));
  const pod = objectAt(template, "spec");
  const policy = textAt(pod, "restartPolicy");
  if (policy !== "Always") errors.push(field.notSupported(`${at}.spec.restartPolicy`, policy, ["Always"]));
  if (pod["activeDeadlineSeconds"] !== undefined) {
    const words = "activeDeadlineSeconds in ReplicaSet is not Supported";
    errors.push(field.forbidden(`${at}.spec.activeDeadlineSeconds`, words));
  }
  return errors;
}

const ROLLING: readonly Rule[] = [
  ["maxUnavailable", countOrPercent, leavesRoom, atMostWhole],
  ["maxSurge", countOrPercent],
];

function leavesRoom(value: unknown, at: string, update: MutableObject): FieldError[] {
  const isNone = (amount: unknown): boolean => amount === 0 || amount === "0%";
  if (!isNone(value) || !isNone(update["maxSurge"])) return [];
  return [field.invalid(at, value, "may not be 0 when `maxSurge` is 0")];
}

function strategyErrors(value: unknown, at: string): FieldError[] {
  const strategy = isObject(value) ? value : {};
  const type = textAt(strategy, "type");
  if (type === "RollingUpdate") {
    return checkRules(ROLLING, objectAt(strategy, "rollingUpdate"), `${at}.rollingUpdate`);
  }
  if (type !== "Recreate") {
    const shown = JSON.stringify({ Type: type, RollingUpdate: strategy["rollingUpdate"] ?? null });
    const message = `Unsupported value: ${shown}: supported values: "Recreate", "RollingUpdate"`;
    return [{ reason: "FieldValueNotSupported", message, field: at }];
  }
  if (strategy["rollingUpdate"] === undefined) return [];
  return [field.forbidden(`${at}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
}

function outlastsReadiness(...[value, at, spec]: Parameters<Check>): FieldError[] {
  const ready = Number(spec["minReadySeconds"] ?? 0);
  if (typeof value !== "number" || value > ready) return [];
  return [field.invalid(at, value, "must be greater than minReadySeconds")];
}

/** Everything wrong with a change of a Deployment. */
export function validateDeploymentUpdate(deployment: MutableObject, old: MutableObject): FieldError[] {
  const { selector } = objectAt(deployment, "spec");
  const errors = validateDeployment(deployment);
  if (jsonEqual(selector, objectAt(old, "spec")["selector"])) return errors;
  return [...errors, field.invalid("spec.selector", selector, "field is immutable")];
}
