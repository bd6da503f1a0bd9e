import { forbidden, invalid, notSupported, required, type FieldError } from "../../../kube/field-errors.ts";
import type { Parse } from "../../../kube/schema/cel/expression.ts";
import { compileWith, usesVariable, variablesOf } from "./cel/compile-errors.ts";
import { maxCardinality, type DeclType } from "./cel/decl-type.ts";
import { normalizeFieldPath } from "../../../kube/schema/cel/field-path.ts";
import type { SchemaNode, ValidationRule } from "../../../kube/schema/node.ts";

/** `x-kubernetes-validations` in a CRD: well-formed, compiling, and cheap enough. */

const RULE_LIMIT = 10_000_000;
const SCHEMA_LIMIT = 100_000_000;
const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** The estimated costs of a schema's rules, gathered while it is walked. */
export interface CostBudget {
  total: number;
  readonly expensive: { readonly path: string; readonly cost: number }[];
  readonly parse: Parse;
}

/** The places of rules. */
export interface RulePlace {
  readonly path: string;
  /** How many values the schema can have in an object; undefined: no bound. */
  readonly cardinality: number | undefined;
  /** The part of the schema within which old and new values cannot be compared. */
  readonly uncorrelatable: string | undefined;
}

/** What is wrong with a rule's own fields. */
export function ruleFieldErrors(rule: ValidationRule, node: SchemaNode, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const text = rule.rule.trim();
  const message = rule.message ?? "";
  if (text === "") errors.push(required(`${path}.rule`, "rule is not specified"));
  else if (message !== "" && message.trim() === "") {
    errors.push(invalid(`${path}.message`, message, "must be non-empty if specified"));
  } else if (/[\n\r]/.test(message.trim())) {
    errors.push(invalid(`${path}.message`, message, "must not contain line breaks"));
  } else if (/[\n\r]/.test(text) && message === "") {
    errors.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  }
  if (
    rule.messageExpression !== undefined &&
    rule.messageExpression.trim() === "" &&
    rule.messageExpression !== ""
  ) {
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  if (rule.reason !== undefined && !REASONS.includes(rule.reason)) {
    errors.push(notSupported(`${path}.reason`, rule.reason, REASONS));
  }
  return [...errors, ...fieldPathErrors(rule.fieldPath ?? "", node, `${path}.fieldPath`)];
}

function fieldPathErrors(fieldPath: string, node: SchemaNode, path: string): FieldError[] {
  if (fieldPath === "") return [];
  const errors: FieldError[] = [];
  if (fieldPath.trim() === "") errors.push(invalid(path, fieldPath, "must be non-empty if specified"));
  if (/[\n\r]/.test(fieldPath)) errors.push(invalid(path, fieldPath, "must not contain line breaks"));
  if (normalizeFieldPath(fieldPath, node).error !== undefined) {
    errors.push(invalid(path, fieldPath, "must be a valid path"));
  }
  return errors;
}

function costError(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const printed =
    factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${name} exceeds budget by factor of ${printed} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function observe(budget: CostBudget, path: string, cost: number): void {
  budget.total += cost;
  if (cost < SCHEMA_LIMIT / 100) return;
  budget.expensive.push({ path, cost });
  budget.expensive.sort((a, b) => b.cost - a.cost);
  budget.expensive.splice(4);
}

/** A rule as the server's messages show it: with Go's field names. */
function printRule(rule: ValidationRule): string {
  return JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  });
}

function refusedRule(field: string, rule: ValidationRule, detail: string): FieldError {
  const message = `Invalid value: ${printRule(rule)}: ${detail}`;
  return { reason: "FieldValueInvalid", message, field };
}

function messageErrors(rule: ValidationRule, type: DeclType, path: string, budget: CostBudget): FieldError[] {
  const expression = rule.messageExpression ?? "";
  if (expression === "") return [];
  const compiled = compileWith(expression, variablesOf(type, rule.optionalOldSelf === true), budget.parse);
  if (compiled.error !== undefined) {
    return [refusedRule(path, rule, `messageExpression compilation failed: ${compiled.error}`)];
  }
  if (compiled.type.kind !== "string")
    return [refusedRule(path, rule, "messageExpression must evaluate to a string")];
  observe(budget, path, compiled.cost);
  if (compiled.cost <= RULE_LIMIT) return [];
  return [forbidden(path, costError("estimated messageExpression cost", compiled.cost, RULE_LIMIT))];
}

/** Compiles one rule against the type of its schema and estimates what it costs for a whole object. */
export function compileRuleErrors(
  rule: ValidationRule,
  type: DeclType,
  place: RulePlace,
  budget: CostBudget,
): FieldError[] {
  const path = `${place.path}.rule`;
  const compiled = compileWith(rule.rule, variablesOf(type, rule.optionalOldSelf === true), budget.parse);
  if (compiled.error !== undefined) return [refusedRule(path, rule, `compilation failed: ${compiled.error}`)];
  if (compiled.type.kind !== "bool")
    return [refusedRule(path, rule, "cel expression must evaluate to a bool")];
  const count = place.cardinality ?? maxCardinality(type);
  const cost = count === 0 || compiled.cost === 0 ? 0 : count * compiled.cost;
  const errors: FieldError[] = [];
  if (cost > RULE_LIMIT) errors.push(forbidden(path, costError("estimated rule cost", cost, RULE_LIMIT)));
  observe(budget, path, cost);
  errors.push(...messageErrors(rule, type, `${place.path}.messageExpression`, budget));
  const usesOldSelf = usesVariable(rule.rule, "oldSelf", budget.parse);
  if (usesOldSelf && place.uncorrelatable !== undefined) {
    const words = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`;
    errors.push(invalid(path, rule.rule, words));
  } else if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
    const words = "may not be set if oldSelf is not used in rule";
    errors.push(invalid(`${place.path}.optionalOldSelf`, rule.optionalOldSelf, words));
  }
  return errors;
}

/** What a whole schema's rules cost too much. */
export function budgetErrors(budget: CostBudget, path: string): FieldError[] {
  if (budget.total <= SCHEMA_LIMIT) return [];
  const name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
  const words = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
  return [
    ...budget.expensive.map((rule) => forbidden(rule.path, words)),
    forbidden(path, costError(name, budget.total, SCHEMA_LIMIT)),
  ];
}
