import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import { labelValueErrors, qualifiedNameErrors } from "../../../../kube/names.ts";
import { validateLabels } from "./metadata.ts";
import type { Check } from "./rule-table.ts";

/** Label selectors in objects. Source: apimachinery pkg/apis/meta/v1/validation. */

/** Everything wrong with a label selector; what is left out is right. */
export const labelSelector: Check = (value, at) => {
  if (!isObject(value)) return [];
  return [
    ...validateLabels(objectAt(value, "matchLabels") as Record<string, string>, `${at}.matchLabels`),
    ...objectsAt(value, "matchExpressions").flatMap((requirement, index) =>
      requirementErrors(requirement, `${at}.matchExpressions[${index}]`),
    ),
  ];
};

function requirementErrors(requirement: MutableObject, at: string): FieldError[] {
  const errors = operatorErrors(requirement, at);
  const key = textAt(requirement, "key");
  for (const detail of qualifiedNameErrors(key)) errors.push(field.invalid(`${at}.key`, key, detail));
  for (const [index, value] of valuesOf(requirement).entries()) {
    for (const detail of labelValueErrors(String(value))) {
      errors.push(field.invalid(`${at}.values[${index}]`, value, detail));
    }
  }
  return errors;
}

function valuesOf(requirement: MutableObject): readonly unknown[] {
  const listed = requirement["values"];
  return Array.isArray(listed) ? listed : [];
}

/** What is wrong with a requirement's operator, or with how many values it has; nodes' numbers can be compared too. */
export function operatorErrors(
  requirement: MutableObject,
  at: string,
  comparing: readonly string[] = [],
): FieldError[] {
  const operator = textAt(requirement, "operator");
  const { length } = valuesOf(requirement);
  if (operator === "In" || operator === "NotIn") {
    const words = "must be specified when `operator` is 'In' or 'NotIn'";
    return length === 0 ? [field.required(`${at}.values`, words)] : [];
  }
  if (operator === "Exists" || operator === "DoesNotExist") {
    const words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    return length > 0 ? [field.forbidden(`${at}.values`, words)] : [];
  }
  if (comparing.includes(operator)) {
    const words = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    return length === 1 ? [] : [field.required(`${at}.values`, words)];
  }
  return [field.invalid(`${at}.operator`, operator, "not a valid selector operator")];
}

/** Whether a selector chooses an object with these labels; one that is left out, or not valid, chooses none. */
export function selects(selector: MutableObject, labels: Readonly<Record<string, string>>): boolean {
  const isMatch = Object.entries(objectAt(selector, "matchLabels")).every(
    ([key, value]) => labels[key] === value,
  );
  return isMatch && objectsAt(selector, "matchExpressions").every((part) => meets(part, labels));
}

function meets(requirement: MutableObject, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[textAt(requirement, "key")];
  const values = valuesOf(requirement);
  switch (textAt(requirement, "operator")) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}
