import { kindType, printType, type DeclType } from "./decl-type.ts";
import type { Expression } from "../../../../kube/schema/cel/expression.ts";
import { isFunction, resolveCall } from "./functions.ts";

/**
 * Static checks of a rule over a schema's types: what does not exist or does not fit together, and the most
 * that evaluating it can cost, by the model of cel-go checker/cost.go. Costs are in its units.
 */

export interface Checked {
  readonly type: DeclType;
  readonly cost: number;
}

/** Something wrong with an expression; `id` is that of the part. */
export interface CheckError {
  readonly id: bigint;
  readonly message: string;
}

type Scope = ReadonlyMap<string, DeclType>;
type Kind<K extends Expression["exprKind"]["case"]> = Extract<Expression["exprKind"], { case: K }>;

const UNKNOWN = kindType("dyn", Infinity);
const BOOL = kindType("bool");
const TYPE_NAMES = new Set([
  "int",
  "uint",
  "double",
  "bool",
  "string",
  "bytes",
  "list",
  "map",
  "null_type",
  "type",
]);

/** What a value is that may be of either type. */
function merged(a: DeclType, b: DeclType): DeclType {
  const size = Math.max(a.size, b.size);
  if (a.kind === "dyn") return { ...b, size };
  if (b.kind === "dyn") return { ...a, size };
  if (a.kind !== b.kind) return kindType("dyn", size);
  const both = a.element !== undefined && b.element !== undefined;
  return both ? { ...a, size, element: merged(a.element, b.element) } : { ...a, size };
}

function times(count: number, cost: number): number {
  return count === 0 || cost === 0 ? 0 : count * cost;
}

function isComparable(a: DeclType, b: DeclType): boolean {
  if (a.kind === "dyn" || b.kind === "dyn" || a.kind === b.kind) return true;
  const numeric = (type: DeclType): boolean =>
    type.kind === "int" || type.kind === "uint" || type.kind === "double";
  return numeric(a) && numeric(b);
}

class Checker {
  readonly errors: CheckError[] = [];

  #fail(tree: Expression, message: string): Checked {
    this.errors.push({ id: tree.id, message });
    return { type: UNKNOWN, cost: 0 };
  }

  check(tree: Expression | undefined, scope: Scope): Checked {
    if (tree === undefined) return { type: UNKNOWN, cost: 0 };
    const { exprKind } = tree;
    switch (exprKind.case) {
      case "constExpr":
        return this.#constant(exprKind.value);
      case "identExpr":
        return this.#identifier(tree, exprKind.value.name, scope);
      case "selectExpr":
        return this.#select(tree, exprKind.value, scope);
      case "callExpr":
        return this.#call(tree, exprKind.value, scope);
      case "listExpr":
        return this.#list(exprKind.value, scope);
      case "structExpr":
        return this.#map(tree, exprKind.value, scope);
      case "comprehensionExpr":
        return this.#comprehension(tree, exprKind.value, scope);
      default:
        return { type: UNKNOWN, cost: 0 };
    }
  }

  #constant({ constantKind }: Kind<"constExpr">["value"]): Checked {
    switch (constantKind.case) {
      case "stringValue":
        return { type: kindType("string", [...constantKind.value].length), cost: 0 };
      case "bytesValue":
        return { type: kindType("bytes", constantKind.value.length), cost: 0 };
      case "boolValue":
        return { type: kindType("bool", 1), cost: 0 };
      case "int64Value":
        return { type: kindType("int", 1), cost: 0 };
      case "uint64Value":
        return { type: kindType("uint", 1), cost: 0 };
      case "doubleValue":
        return { type: kindType("double", 1), cost: 0 };
      default:
        return { type: kindType("null", 1), cost: 0 };
    }
  }

  #identifier(tree: Expression, name: string, scope: Scope): Checked {
    const type = scope.get(name);
    if (type !== undefined) return { type, cost: 1 };
    if (TYPE_NAMES.has(name)) return { type: kindType("type"), cost: 1 };
    return this.#fail(tree, `undeclared reference to '${name}' (in container '')`);
  }

  #select(tree: Expression, select: Kind<"selectExpr">["value"], scope: Scope): Checked {
    const operand = this.check(select.operand, scope);
    const { type } = operand;
    const cost = operand.cost + (select.testOnly ? 0 : 1);
    const result = (found: DeclType): Checked => ({ type: select.testOnly ? BOOL : found, cost });
    if (type.kind === "object") {
      const field = type.fields?.get(select.field);
      return field === undefined ? this.#fail(tree, `undefined field '${select.field}'`) : result(field);
    }
    if (type.kind === "map") return result(type.element ?? UNKNOWN);
    if (type.kind === "dyn") return result(UNKNOWN);
    return this.#fail(tree, `type '${printType(type)}' does not support field selection`);
  }

  #list({ elements }: Kind<"listExpr">["value"], scope: Scope): Checked {
    const items = elements.map((item) => this.check(item, scope));
    const element = items.map(({ type }) => type).reduce(merged, kindType("dyn", 0));
    return { type: kindType("list", items.length, element), cost: 10 + total(items) };
  }

  #map(tree: Expression, { messageName, entries }: Kind<"structExpr">["value"], scope: Scope): Checked {
    if (messageName !== "")
      return this.#fail(tree, `undeclared reference to '${messageName}' (in container '')`);
    const keys = entries.map(({ keyKind }) =>
      this.check(keyKind.case === "mapKey" ? keyKind.value : undefined, scope),
    );
    const values = entries.map(({ value }) => this.check(value, scope));
    const element = values.map(({ type }) => type).reduce(merged, kindType("dyn", 0));
    return { type: kindType("map", entries.length, element), cost: 30 + total(keys) + total(values) };
  }

  #comprehension(tree: Expression, fold: Kind<"comprehensionExpr">["value"], scope: Scope): Checked {
    const range = this.check(fold.iterRange, scope);
    const start = this.check(fold.accuInit, scope);
    const { kind } = range.type;
    if (kind !== "list" && kind !== "map" && kind !== "dyn") {
      const printed = printType(range.type);
      return this.#fail(
        tree,
        `expression of type '${printed}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
    }
    const item = kind === "map" ? kindType("string", 0) : (range.type.element ?? UNKNOWN);
    const inner = new Map([...scope, [fold.accuVar, start.type], [fold.iterVar, item]]);
    const condition = this.check(fold.loopCondition, inner);
    const step = this.check(fold.loopStep, inner);
    const result = this.check(
      fold.result,
      new Map([...scope, [fold.accuVar, merged(start.type, step.type)]]),
    );
    const count = range.type.size;
    const cost = range.cost + start.cost + times(count, condition.cost + step.cost) + result.cost;
    const { type } = result;
    return { type: type.kind === "list" || type.kind === "map" ? { ...type, size: count } : type, cost };
  }

  #call(tree: Expression, call: Kind<"callExpr">["value"], scope: Scope): Checked {
    const { target, args, function: name } = call;
    // A dotted name such as sets.contains parses as a method of an unknown variable.
    const namespaced = target === undefined ? undefined : this.#namespacedName(target, name, scope);
    const operands = namespaced === undefined && target !== undefined ? [target, ...args] : args;
    const checked = operands.map((operand) => this.check(operand, scope));
    if (checked.some((_, index) => this.#failedIn(operands[index]))) return { type: UNKNOWN, cost: 0 };
    const isMethod = target !== undefined && namespaced === undefined;
    const operator = this.#operator(name, checked);
    if (operator !== undefined) return operator;
    const functionName = namespaced ?? name;
    const types = checked.map(({ type }) => type);
    const result = resolveCall(functionName, { operands: types, isMethod });
    if (result !== undefined) return { type: result.type, cost: result.cost + total(checked) };
    if (!isFunction(functionName) && !OPERATORS.has(functionName)) {
      return this.#fail(tree, `undeclared reference to '${functionName}' (in container '')`);
    }
    const [first, ...rest] = types.map(printType);
    const applied = isMethod ? `${first}.(${rest.join(", ")})` : `(${types.map(printType).join(", ")})`;
    return this.#fail(tree, `found no matching overload for '${functionName}' applied to '${applied}'`);
  }

  #namespacedName(target: Expression, name: string, scope: Scope): string | undefined {
    if (target.exprKind.case !== "identExpr" || scope.has(target.exprKind.value.name)) return undefined;
    const full = `${target.exprKind.value.name}.${name}`;
    return isFunction(full) ? full : undefined;
  }

  #failedIn(tree: Expression | undefined): boolean {
    return this.errors.some(({ id }) => id === tree?.id);
  }

  /** Operators whose type or cost depends on more than kinds. */
  #operator(name: string, operands: readonly Checked[]): Checked | undefined {
    const [left, right, third] = operands;
    if (left === undefined) return undefined;
    const isBool = (checked: Checked | undefined): boolean =>
      checked?.type.kind === "bool" || checked?.type.kind === "dyn";
    const sum = total(operands);
    switch (name) {
      case "_&&_":
      case "_||_":
        return isBool(left) && isBool(right) ? { type: BOOL, cost: sum } : undefined;
      case "_?_:_":
        if (right === undefined || third === undefined || !isBool(left)) return undefined;
        return { type: merged(right.type, third.type), cost: left.cost + Math.max(right.cost, third.cost) };
      case "_==_":
      case "_!=_": {
        if (right === undefined || !isComparable(left.type, right.type)) return undefined;
        return { type: BOOL, cost: Math.ceil(Math.min(left.type.size, right.type.size) * 0.1) + sum };
      }
      case "@in": {
        if (right?.type.kind === "map" || right?.type.kind === "dyn") return { type: BOOL, cost: 1 + sum };
        const fits = right?.type.kind === "list" && isComparable(left.type, right.type.element ?? UNKNOWN);
        return fits ? { type: BOOL, cost: right.type.size + sum } : undefined;
      }
      case "_[_]": {
        const index = right?.type.kind;
        const isIndex =
          left.type.kind === "list"
            ? index === "int" || index === "dyn"
            : left.type.kind === "map" || left.type.kind === "dyn";
        return isIndex ? { type: left.type.element ?? UNKNOWN, cost: 1 + sum } : undefined;
      }
      case "_+_": {
        if (left.type.kind !== "list" || right?.type.kind !== "list") return undefined;
        const element = merged(left.type.element ?? UNKNOWN, right.type.element ?? UNKNOWN);
        return { type: kindType("list", left.type.size + right.type.size, element), cost: 1 + sum };
      }
      default:
        return undefined;
    }
  }
}

const OPERATORS = new Set(["_&&_", "_||_", "_?_:_", "_==_", "_!=_", "@in", "_[_]", "_+_"]);

function total(checked: readonly Checked[]): number {
  return checked.reduce((sum, { cost }) => sum + cost, 0);
}

/** Checks an expression with the variables it may use. */
export function checkExpression(
  tree: Expression,
  variables: Scope,
): Checked & { readonly errors: readonly CheckError[] } {
  const checker = new Checker();
  return { ...checker.check(tree, variables), errors: checker.errors };
}
