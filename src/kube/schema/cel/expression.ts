import { isCelError, parse, plan, type CelEnv, type CelInput, type CelValue } from "@bufbuild/cel";

/** The syntax tree of an expression. */
export type Expression = NonNullable<ReturnType<typeof parse>["expr"]>;

/** What an expression may look at, by name. */
export type Variables = Readonly<Record<string, CelInput>>;

/** An expression ready to run. Errors at run time are in the words of an API server. */
export interface Program {
  readonly tree: Expression;
  readonly usesOldSelf: boolean;
  run(variables: Variables): { value: CelValue } | { error: string };
}

/** Throws with the parser's message if the text is malformed. */
export type Parse = (source: string) => ReturnType<typeof parse>;

/** One that remembers: most rules of a CRD are there several times, and each is looked at several times. */
export function createParser(): Parse {
  const known = new Map<string, ReturnType<typeof parse>>();
  return (source) => {
    const parsed = known.get(source) ?? parse(source);
    known.set(source, parsed);
    return parsed;
  };
}

/** The direct parts of an expression. */
export function childrenOf(tree: Expression): Expression[] {
  const { exprKind } = tree;
  switch (exprKind.case) {
    case "selectExpr":
      return exprKind.value.operand === undefined ? [] : [exprKind.value.operand];
    case "callExpr": {
      const { target, args } = exprKind.value;
      return target === undefined ? args : [target, ...args];
    }
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.flatMap((entry) => [
        ...(entry.keyKind.case === "mapKey" ? [entry.keyKind.value] : []),
        ...(entry.value === undefined ? [] : [entry.value]),
      ]);
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return [iterRange, accuInit, loopCondition, loopStep, result].filter((part) => part !== undefined);
    }
    default:
      return [];
  }
}

/** Whether an expression has an identifier of this name. */
export function mentions(tree: Expression, name: string): boolean {
  if (tree.exprKind.case === "identExpr" && tree.exprKind.value.name === name) return true;
  return childrenOf(tree).some((part) => mentions(part, name));
}

function serverWords(message: string): string {
  const missing = /^field not found: (.*)$/s.exec(message);
  if (missing !== null) return `no such key: ${missing[1]}`;
  const index = /^index (-?\d+) out of bounds/.exec(message);
  if (index !== null) return `index out of bounds: ${index[1]}`;
  if (/divide by zero/.test(message)) return "division by zero";
  if (/modulus by zero|modulo by zero/.test(message)) return "modulus by zero";
  if (/overflow/.test(message)) return "integer overflow";
  if (/no matching overload|type mismatch|unbound function/.test(message)) return "no such overload";
  return message;
}

/** Parses and plans an expression; throws with the parser's message if it is malformed. */
export function compileExpression(environment: CelEnv, source: string): Program {
  const parsed = parse(source);
  const evaluate = plan(environment, parsed);
  return {
    tree: parsed.expr,
    usesOldSelf: mentions(parsed.expr, "oldSelf"),
    run(variables) {
      const result = evaluate(variables);
      return isCelError(result) ? { error: serverWords(result.message) } : { value: result };
    },
  };
}
