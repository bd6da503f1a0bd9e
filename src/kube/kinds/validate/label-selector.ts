import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { isJsonObject, itemsOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { labelValueErrors, qualifiedNameErrors } from "../../names.ts";
import { validateLabels } from "./metadata.ts";
import type { Check } from "./rule-table.ts";

/** Label selectors in objects. Source: apimachinery pkg/apis/meta/v1/validation. */

/** Everything wrong with a label selector; what is left out is right. */
export const labelSelector: Check = (value, at) => {
  if (!isJsonObject(value)) return [];
  return [
    ...validateLabels(partOf(value, "matchLabels") as Record<string, string>, `${at}.matchLabels`),
    ...itemsOf(value, "matchExpressions").flatMap((requirement, index) =>
      requirementErrors(requirement, `${at}.matchExpressions[${index}]`),
    ),
  ];
};

function requirementErrors(requirement: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const operator = textOf(requirement, "operator");
  const listed = requirement["values"];
  const values: unknown[] = Array.isArray(listed) ? listed : [];
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      errors.push(field.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      const words = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      errors.push(field.forbidden(`${at}.values`, words));
    }
  } else {
    errors.push(field.invalid(`${at}.operator`, operator, "not a valid selector operator"));
  }
  const key = textOf(requirement, "key");
  for (const detail of qualifiedNameErrors(key)) errors.push(field.invalid(`${at}.key`, key, detail));
  for (const [index, value] of values.entries()) {
    for (const detail of labelValueErrors(String(value))) {
      errors.push(field.invalid(`${at}.values[${index}]`, value, detail));
    }
  }
  return errors;
}

/** Whether a selector chooses an object with these labels; one that is left out, or not valid, chooses none. */
export function selects(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const isMatch = Object.entries(partOf(selector, "matchLabels")).every(
    ([key, value]) => labels[key] === value,
  );
  return isMatch && itemsOf(selector, "matchExpressions").every((part) => meets(part, labels));
}

function meets(requirement: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[textOf(requirement, "key")];
  const listed = requirement["values"];
  const values: unknown[] = Array.isArray(listed) ? listed : [];
  switch (textOf(requirement, "operator")) {
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
