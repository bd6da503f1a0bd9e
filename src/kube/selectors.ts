import { forbidden, invalid, required, type FieldError } from "./field-errors.ts";
import { labelValueErrors, qualifiedNameErrors } from "./names.ts";
import type { Parsed } from "./parsed.ts";
import {
  parseInteger,
  parseRequirements,
  type LabelOperator,
  type LabelRequirement,
} from "./selector-parser.ts";

/** Every requirement must hold; an empty selector selects everything. */
export type LabelSelector = readonly LabelRequirement[];

/** The `labelSelector` of a list, watch or deletecollection request; errors are the server's own words. */
export function parseLabelSelector(text: string): Parsed<LabelSelector> {
  const parsed = parseRequirements(text);
  if (parsed.error !== undefined) return parsed;
  return { value: parsed.value.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) };
}

function isMoreOrLess({ operator, values }: LabelRequirement, value: string): boolean {
  const left = parseInteger(value);
  const right = parseInteger(values[0] ?? "");
  if (left === undefined || right === undefined) return false;
  return operator === "gt" ? left > right : left < right;
}

function requirementMatches(
  requirement: LabelRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "notin":
    case "!=":
      return value === undefined || !requirement.values.includes(value);
    case "gt":
    case "lt":
      return value !== undefined && isMoreOrLess(requirement, value);
    default:
      return value !== undefined && requirement.values.includes(value);
  }
}

/** Whether labels (absent ones are none) satisfy every requirement. */
export function labelsMatch(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return selector.every((requirement) => requirementMatches(requirement, labels ?? {}));
}

/** A label selector inside an object: `spec.selector` of a Job, a webhook's objectSelector. */
export interface ObjectLabelSelector {
  matchLabels?: Readonly<Record<string, string>>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

const EXPRESSION_OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** The requirements of a selector that has been validated; an expression with an unknown operator matches nothing. */
export function labelSelectorOf(selector: ObjectLabelSelector): LabelSelector {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelRequirement => ({
    key,
    operator: "=",
    values: [value],
  }));
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }): LabelRequirement => ({
      key,
      operator: EXPRESSION_OPERATORS[operator] ?? "in",
      values: EXPRESSION_OPERATORS[operator] === undefined ? [] : (values ?? []),
    }),
  );
  return [...equal, ...expressions];
}

/** What is wrong with a label selector inside an object at `path`. */
export function validateLabelSelector(selector: ObjectLabelSelector, path: string): FieldError[] {
  const labels = Object.entries(selector.matchLabels ?? {}).flatMap(([key, value]) => [
    ...qualifiedNameErrors(key).map((error) => invalid(`${path}.matchLabels`, key, error)),
    ...labelValueErrors(value).map((error) => invalid(`${path}.matchLabels`, value, error)),
  ]);
  const expressions = (selector.matchExpressions ?? []).flatMap((expression, index) =>
    expressionErrors(expression, `${path}.matchExpressions[${index}]`),
  );
  return [...labels, ...expressions];
}

function expressionErrors(
  { key, operator, values = [] }: { key: string; operator: string; values?: readonly string[] },
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((operator === "In" || operator === "NotIn") && values.length === 0) {
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    errors.push(
      forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
    );
  } else if (EXPRESSION_OPERATORS[operator] === undefined) {
    errors.push(invalid(`${path}.operator`, operator, "not a valid selector operator"));
  }
  errors.push(...qualifiedNameErrors(key).map((error) => invalid(`${path}.key`, key, error)));
  values.forEach((value, index) => {
    errors.push(...labelValueErrors(value).map((error) => invalid(`${path}.values[${index}]`, value, error)));
  });
  return errors;
}

/** One term of a field selector. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export type FieldSelector = readonly FieldRequirement[];

function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^,\\]|\\$)+/gsu) ?? [];
}

function unescapeValue(text: string): Parsed<string> {
  let value = "";
  for (const [part] of text.matchAll(/\\.|\\$|[^\\]/gsu)) {
    if (part.startsWith("\\")) {
      if (!/^\\[\\,=]$/.test(part)) {
        return { error: `invalid field selector: invalid escape sequence: ${part}` };
      }
      value += part.slice(1);
    } else if (part === "," || part === "=") {
      return { error: `invalid field selector: unescaped character in value: ${part.charCodeAt(0)}` };
    } else value += part;
  }
  return { value };
}

/** The `fieldSelector` of a request; which fields a resource supports is for the caller to check. */
export function parseFieldSelector(text: string): Parsed<FieldSelector> {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) return { error: `invalid selector: '${text}'; can't understand '${term}'` };
    const [, field = "", operator, rest = ""] = match;
    const value = unescapeValue(rest);
    if (value.error !== undefined) return value;
    requirements.push({ field, operator: operator === "!=" ? "!=" : "=", value: value.value });
  }
  return { value: requirements };
}

/** Whether the fields, read by `valueOf` (absent: `""`), satisfy every requirement. */
export function fieldsMatch(selector: FieldSelector, valueOf: (field: string) => string): boolean {
  return selector.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === "="));
}
