import {
  type CelFunc,
  CelScalar,
  type CelInput,
  celEnv,
  celFunc,
  celMethod,
  isCelError,
  listType,
  parse,
  plan,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { RE2JS } from "re2js";
import { isObject } from "../../kube/json.ts";
import { childrenOf, type Expression } from "../../kube/schema/cel/expression.ts";

/** What expressions of a trigger may look at. */
export interface EventVariables {
  event: unknown;
  headers: Readonly<Record<string, string>>;
}

/** What an expression came to; `isMissing` if a field does not exist that it names. */
export type Evaluated = { value: unknown } | { error: string; isMissing: boolean };

/** An expression that can be evaluated as often as there are events. */
export type EventExpression = (variables: EventVariables) => Evaluated;

/** Of all loops together; each is some ten microseconds at most, but for long texts. */
const MAX_STEPS = 20_000;
const MAX_MS = 100;
/** What a function may make. */
const MAX_TEXT = 256 * 1024;
const MAX_PATTERN = 1_000;

const VARIABLES = ["event", "headers"];
const TYPES = "int uint double bool string bytes list map null_type type".split(" ");
const STANDARD =
  "size matches contains startsWith endsWith int uint double bool string bytes dyn type timestamp duration getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds";
const OF_TEXTS = "charAt indexOf lastIndexOf lowerAscii upperAscii split substring trim";
const FUNCTIONS = new Set(`${STANDARD} ${OF_TEXTS} join replace`.split(" "));
/** Called before each step of a loop; no expression of a user can name it. */
const STEP = "__step";

interface Budget {
  steps: number;
  until: number;
}

/**
 * Reads an expression; throws an Error that says what is wrong with it. It may run for 20,000 steps of loops and for
 * 100 ms by `now`, whatever the event holds: then it is an error.
 */
export function compileEventExpression(source: string, now: () => number): EventExpression {
  const budget: Budget = { steps: 0, until: 0 };
  const spend = (): boolean => {
    budget.steps += 1;
    if (budget.steps > MAX_STEPS) throw new Error(`it takes more than ${MAX_STEPS} steps`);
    if (now() > budget.until) throw new Error(`it takes more than ${MAX_MS} ms`);
    return true;
  };
  const parsed = parse(source);
  const problem = undeclared(parsed.expr, new Set([...VARIABLES, ...TYPES]));
  if (problem !== undefined) throw new Error(problem);
  countSteps(parsed.expr);
  const evaluate = plan(environmentWith(spend), parsed);
  return ({ event, headers }) => {
    budget.steps = 0;
    budget.until = now() + MAX_MS;
    const result = evaluate({ event: inputOf(event), headers: inputOf(headers) });
    if (!isCelError(result)) return { value: result };
    const { message } = result;
    return { error: message, isMissing: /field not found|out of bounds|key not found/.test(message) };
  };
}

/** A JSON value as CEL has it: whole numbers are integers. */
function inputOf(value: unknown): CelInput {
  if (Array.isArray(value)) return value.map(inputOf);
  if (isObject(value)) return new Map(Object.entries(value).map(([key, each]) => [key, inputOf(each)]));
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof value === "string" || typeof value === "boolean" ? value : null;
}

/** What is wrong with the names in an expression, if something is. */
function undeclared(tree: Expression, scope: ReadonlySet<string>): string | undefined {
  const { exprKind } = tree;
  if (exprKind.case === "identExpr" && !scope.has(exprKind.value.name))
    return `there is no ${exprKind.value.name}; expressions may look at event and headers`;
  if (exprKind.case === "callExpr") {
    const { function: name } = exprKind.value;
    if (/^[A-Za-z_]\w*$/.test(name) && !FUNCTIONS.has(name)) return `there is no function ${name}`;
  }
  if (exprKind.case === "structExpr" && exprKind.value.messageName !== "")
    return `there is no type ${exprKind.value.messageName}`;
  const inner =
    exprKind.case === "comprehensionExpr"
      ? new Set([...scope, exprKind.value.iterVar, exprKind.value.accuVar])
      : scope;
  for (const part of childrenOf(tree)) {
    const problem = undeclared(part, inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Makes each loop ask the budget before each of its steps. */
function countSteps(tree: Expression): void {
  if (tree.exprKind.case === "comprehensionExpr") {
    const loop = tree.exprKind.value;
    const counted = parse(`${STEP}() && true`).expr;
    if (counted.exprKind.case === "callExpr" && loop.loopCondition !== undefined)
      counted.exprKind.value.args[1] = loop.loopCondition;
    loop.loopCondition = counted;
    for (const part of [loop.iterRange, loop.accuInit, loop.loopStep, loop.result])
      if (part !== undefined) countSteps(part);
    return;
  }
  for (const part of childrenOf(tree)) countSteps(part);
}

function environmentWith(spend: () => boolean) {
  const allowed = new Set(OF_TEXTS.split(" "));
  return celEnv({
    re2: { compile: compilePattern },
    funcs: [
      ...strings.filter(({ name }) => allowed.has(name)),
      ...boundedFunctions,
      celFunc(STEP, [], CelScalar.BOOL, spend),
    ],
  });
}

/** An event may give the pattern too. */
function compilePattern(pattern: string): RE2JS {
  if (pattern.length > MAX_PATTERN) throw new Error(`a pattern has more than ${MAX_PATTERN} characters`);
  return RE2JS.compile(pattern);
}

function bounded(size: number): void {
  if (size > MAX_TEXT) throw new Error(`a text gets longer than ${MAX_TEXT} characters`);
}

const { STRING, DYN } = CelScalar;

/** Those of the strings extension whose results can be far larger than what they are made of. */
const boundedFunctions: CelFunc[] = [
  ...[[], [STRING]].map((operands) =>
    celMethod("join", listType(DYN), operands, STRING, function (separator = "") {
      const texts = [...this];
      if (!texts.every((each) => typeof each === "string")) throw new Error("join takes texts");
      bounded(texts.reduce((sum, { length }) => sum + length + separator.length, 0));
      return texts.join(separator);
    }),
  ),
  celMethod("replace", STRING, [STRING, STRING], STRING, function (from, to) {
    const parts = this.split(from);
    bounded(this.length + parts.length * to.length);
    return parts.join(to);
  }),
];
