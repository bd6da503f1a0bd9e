import type { CelEnv, CelInput } from "@bufbuild/cel";
import { duplicate, forbidden, invalid, omitValue, required, type FieldError } from "../../field-errors.ts";
import { fieldOf, isObject, jsonEqual } from "../../json.ts";
import { alignLists, correlate } from "../lists.ts";
import type { SchemaNode, ValidationRule } from "../node.ts";
import { compileExpression, type Program, type Variables } from "./expression.ts";
import { normalizeFieldPath } from "./field-path.ts";
import { createCelEnvironment, optionalOf } from "./library.ts";
import { celValue } from "./values.ts";

/** `x-kubernetes-validations` of a schema, evaluated as apiextensions-apiserver pkg/apiserver/schema/cel does. */
export interface RuleSet {
  /** What the rules find wrong with an object that has passed value validation. */
  validate(object: unknown, old?: unknown): FieldError[];
}

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program | { readonly compileError: string } | undefined;
  readonly message: Program | undefined;
  readonly fieldPath: string;
}

interface Place {
  readonly path: string;
  readonly isResource: boolean;
  /** The stored value if there is one to compare with. */
  readonly old: { readonly value: unknown } | undefined;
  /** Whether this value, or the nearest ancestor that can be compared, is what it was. */
  readonly unchanged: boolean;
}

function ruleName(rule: ValidationRule): string {
  return (rule.message ?? rule.rule).trim();
}

function defaultMessage(rule: ValidationRule): string {
  return rule.message === undefined || rule.message === ""
    ? `failed rule: ${ruleName(rule)}`
    : ruleName(rule);
}

function evaluationError(rule: ValidationRule, error: string): string {
  return error === "no such overload"
    ? `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleName(rule)}`
    : `${error} evaluating rule: ${ruleName(rule)}`;
}

function errorFor(reason: string | undefined, field: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return forbidden(field, detail);
    case "FieldValueRequired":
      return required(field, detail);
    case "FieldValueDuplicate":
      return duplicate(field, value);
    default:
      return invalid(field, value, detail);
  }
}

function tryCompile(environment: CelEnv, source: string): CompiledRule["program"] {
  try {
    return compileExpression(environment, source);
  } catch (error) {
    return { compileError: error instanceof Error ? error.message : String(error) };
  }
}

function compileRule(environment: CelEnv, node: SchemaNode, rule: ValidationRule): CompiledRule {
  const message =
    rule.messageExpression === undefined ? undefined : tryCompile(environment, rule.messageExpression);
  return {
    rule,
    program: rule.rule.trim() === "" ? undefined : tryCompile(environment, rule.rule),
    message: message !== undefined && "run" in message ? message : undefined,
    fieldPath:
      rule.fieldPath === undefined ? "" : (normalizeFieldPath(rule.fieldPath, node).value?.path ?? ""),
  };
}

class Rules implements RuleSet {
  readonly #root: SchemaNode;
  readonly #compiled = new Map<SchemaNode, CompiledRule[]>();
  #environment: CelEnv | undefined;

  constructor(root: SchemaNode) {
    this.#root = root;
  }

  validate(object: unknown, old?: unknown): FieldError[] {
    const before = old === undefined ? undefined : { value: old };
    const unchanged = before !== undefined && jsonEqual(object, old);
    return this.#visit(this.#root, this.#root, object, {
      path: "",
      isResource: true,
      old: before,
      unchanged,
    });
  }

  /** The rules of `source` on a value typed by `node`: they differ inside `allOf`. */
  #visit(source: SchemaNode, node: SchemaNode, value: unknown, place: Place): FieldError[] {
    if (value === null || value === undefined || !source.below.rules) return [];
    const errors = this.#evaluate(source, node, value, place);
    for (const part of source.allOf)
      errors.push(...this.#visit(part, node, value, { ...place, unchanged: false }));
    if (Array.isArray(value)) errors.push(...this.#visitItems(source, node, value, place));
    else if (isObject(value)) {
      for (const key of Object.keys(value))
        errors.push(...this.#visitField(source, node, value[key], key, place));
    }
    return errors;
  }

  #visitItems(source: SchemaNode, node: SchemaNode, items: readonly unknown[], place: Place): FieldError[] {
    const [inner, typed] = [source.items, node.items];
    if (inner === undefined || typed === undefined || !inner.below.rules) return [];
    const oldOf = correlate(node, items, place.old?.value);
    return items.flatMap((item, index) => {
      const old = oldOf(index);
      return this.#visit(
        inner,
        typed,
        item,
        this.#inside(place, `${place.path}[${index}]`, old, item, typed),
      );
    });
  }

  #visitField(source: SchemaNode, node: SchemaNode, value: unknown, key: string, place: Place): FieldError[] {
    const stored = fieldOf(place.old?.value, key);
    const old = stored === undefined ? undefined : { value: stored };
    const property = source.properties.get(key);
    const typedProperty = node.properties.get(key);
    if (property !== undefined && typedProperty !== undefined) {
      const path = place.path === "" ? key : `${place.path}.${key}`;
      return this.#visit(
        property,
        typedProperty,
        value,
        this.#inside(place, path, old, value, typedProperty),
      );
    }
    const [extra, typedExtra] = [source.additional, node.additional];
    if (typeof extra !== "object" || typeof typedExtra !== "object") return [];
    const path = `${place.path}[${key}]`;
    return this.#visit(extra, typedExtra, value, this.#inside(place, path, old, value, typedExtra));
  }

  #inside(place: Place, path: string, old: Place["old"], value: unknown, node: SchemaNode): Place {
    const unchanged = old === undefined ? place.unchanged : jsonEqual(old.value, value);
    return { path, old, isResource: node.embedded, unchanged };
  }

  #rulesOf(source: SchemaNode, node: SchemaNode): CompiledRule[] {
    let compiled = this.#compiled.get(source);
    if (compiled === undefined) {
      this.#environment ??= createCelEnvironment();
      const environment = this.#environment;
      compiled = source.rules.map((rule) => compileRule(environment, node, rule));
      this.#compiled.set(source, compiled);
    }
    return compiled;
  }

  #evaluate(source: SchemaNode, node: SchemaNode, value: unknown, place: Place): FieldError[] {
    if (source.rules.length === 0) return [];
    const due = this.#rulesOf(source, node).filter(({ program }) => isDue(program, place));
    if (due.length === 0) return [];
    const self = celValue(node, value, place.isResource);
    return due.flatMap((compiled) => evaluateRule(compiled, node, self, value, place) ?? []);
  }
}

/** What was already stored stays allowed, unless the rule is about the change itself. */
function isDue(program: CompiledRule["program"], place: Place): boolean {
  if (program === undefined) return false;
  return "compileError" in program || program.usesOldSelf || !place.unchanged;
}

function evaluateRule(
  compiled: CompiledRule,
  node: SchemaNode,
  self: CelInput,
  value: unknown,
  place: Place,
): FieldError | undefined {
  const { rule, program } = compiled;
  if (program === undefined) return undefined;
  const field = place.path === "" ? "<nil>" : place.path;
  const type = node.types[0] ?? "";
  if ("compileError" in program) return invalid(field, type, `rule compile error: ${program.compileError}`);
  const isOptional = rule.optionalOldSelf === true;
  if (program.usesOldSelf && place.old === undefined && !isOptional) return undefined;
  const before = oldValue(node, value, place);
  const oldSelf = isOptional ? optionalOf(before) : before;
  const variables: Variables = oldSelf === undefined ? { self } : { self, oldSelf };
  const result = program.run(variables);
  if ("error" in result) return invalid(field, type, evaluationError(rule, result.error));
  if (result.value === true) return undefined;
  const detail = messageOf(compiled, variables) ?? defaultMessage(rule);
  const isCompound = type === "object" || type === "array";
  const at = compiled.fieldPath === "" ? field : joinPath(place.path, compiled.fieldPath);
  return errorFor(rule.reason, at, isCompound ? omitValue : value, detail);
}

function oldValue(node: SchemaNode, value: unknown, { old, isResource }: Place): CelInput | undefined {
  return old === undefined ? undefined : celValue(node, alignLists(node, old.value, value), isResource);
}

function joinPath(path: string, relative: string): string {
  return path === "" ? relative : `${path}.${relative}`;
}

/** What messageExpression says, if it says something usable: one line of at most 5 KiB. */
function messageOf({ message }: CompiledRule, variables: Variables): string | undefined {
  const result = message?.run(variables);
  if (result === undefined || "error" in result || typeof result.value !== "string") return undefined;
  const text = result.value.trim();
  return text === "" || text.includes("\n") || text.length > 5120 ? undefined : text;
}

/** The rules of a schema; expressions are compiled when first met and kept. */
export function createRuleSet(root: SchemaNode): RuleSet {
  return new Rules(root);
}
