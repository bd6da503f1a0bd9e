import { kindType, type DeclKind, type DeclType } from "./decl-type.ts";

/** The functions that rules may call: what they take, what they give, what they cost at most. */

/** A call as it is judged: the receiver of a method is the first operand. */
export interface Call {
  readonly operands: readonly DeclType[];
  readonly isMethod: boolean;
}

export interface CallResult {
  readonly type: DeclType;
  /** The cost of the call itself, its operands apart. */
  readonly cost: number;
}

/** Text is read at a tenth of a unit for each character; a regular expression counts a quarter. */
const TRAVERSAL = 0.1;
const REGEX = 0.25;

function traversal(size: number, factor = TRAVERSAL): number {
  return Math.ceil(size * factor);
}

function sizeAt(call: Call, index: number): number {
  return call.operands[index]?.size ?? Infinity;
}

/** Unlike JavaScript's, nothing times unknown is nothing. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

function regexCost(call: Call): number {
  return times(traversal(sizeAt(call, 0) + 1), traversal(sizeAt(call, 1), REGEX));
}

interface Overload {
  readonly name: string;
  readonly isMethod: boolean;
  readonly operands: readonly DeclKind[];
  readonly result: (call: Call) => DeclType;
  readonly cost: (call: Call) => number;
}

const KINDS: Readonly<Record<string, DeclKind>> = {
  b: "bool",
  i: "int",
  u: "uint",
  d: "double",
  s: "string",
  y: "bytes",
  t: "timestamp",
  D: "duration",
  l: "list",
  m: "map",
  T: "type",
  "*": "dyn",
  q: "quantity",
  U: "url",
  o: "optional",
};

/** `overload("s.s", …)` is a method of string with a string argument; without a dot, a function. */
function overload(
  name: string,
  operands: string,
  result: DeclKind | ((call: Call) => DeclType),
  cost: (call: Call) => number = () => 1,
): Overload {
  return {
    name,
    isMethod: operands.includes("."),
    operands: [...operands.replace(".", "")].map((letter) => KINDS[letter] ?? "dyn"),
    result:
      typeof result === "function"
        ? result
        : () => kindType(result, result === "string" || result === "list" ? Infinity : 0),
    cost,
  };
}

function element(call: Call): DeclType {
  return call.operands[0]?.element ?? kindType("dyn", Infinity);
}

const firstSize = (call: Call): number => traversal(sizeAt(call, 0));
const sameText = (call: Call): DeclType => kindType("string", sizeAt(call, 0));
const strings = (call: Call): DeclType =>
  kindType("list", sizeAt(call, 0), kindType("string", sizeAt(call, 0)));

function listCost(call: Call): number {
  const [list] = call.operands;
  if (list?.kind !== "list") return firstSize(call);
  const item = list.element;
  const isText = item?.kind === "string" || item?.kind === "bytes";
  return times(list.size, 1 + (isText ? traversal(item.size) : 0));
}

function joined(call: Call): number {
  const [list] = call.operands;
  const count = list?.size ?? Infinity;
  const separator = call.operands[1]?.size ?? 0;
  return times(count, list?.element?.size ?? Infinity) + times(separator, Math.max(0, count - 1));
}

function replaced(call: Call): number {
  const [text = Infinity, , by = Infinity] = call.operands.map(({ size }) => size);
  return text + times(text + 1, by);
}

const shortest = (call: Call): number => traversal(Math.min(sizeAt(call, 0), sizeAt(call, 1)));
const comparisons = ["_<_", "_<=_", "_>_", "_>=_"].flatMap((name) => [
  ...["bb", "ii", "id", "di", "dd", "uu", "ui", "iu", "ud", "du", "tt", "DD"].map((types) =>
    overload(name, types, "bool"),
  ),
  ...["ss", "yy"].map((types) => overload(name, types, "bool", shortest)),
]);

const arithmetic = [
  ...["_+_", "_-_", "_*_", "_/_"].flatMap((name) => [
    overload(name, "ii", "int"),
    overload(name, "dd", "double"),
    overload(name, "uu", "uint"),
  ]),
  overload("_%_", "ii", "int"),
  overload("_%_", "uu", "uint"),
  overload("-_", "i", "int"),
  overload("-_", "d", "double"),
  overload("_+_", "tD", "timestamp"),
  overload("_+_", "Dt", "timestamp"),
  overload("_+_", "DD", "duration"),
  overload("_-_", "tt", "duration"),
  overload("_-_", "tD", "timestamp"),
  overload("_-_", "DD", "duration"),
  ...(["ss", "yy"] as const).map((types) =>
    overload(
      "_+_",
      types,
      (call) => kindType(types === "ss" ? "string" : "bytes", sizeAt(call, 0) + sizeAt(call, 1)),
      (call) => traversal(sizeAt(call, 0) + sizeAt(call, 1)),
    ),
  ),
];

const conversions = [
  ...["i", "u", "d", "s", "t", "D"].map((type) => overload("int", type, "int")),
  ...["i", "u", "d", "s"].flatMap((type) => [
    overload("double", type, "double"),
    overload("uint", type, "uint"),
  ]),
  ...["b", "i", "u", "d", "t", "D"].map((type) =>
    overload("string", type, (): DeclType => kindType("string", Infinity)),
  ),
  overload("string", "s", sameText),
  overload("string", "y", sameText, firstSize),
  overload("bytes", "y", "bytes"),
  overload("bytes", "s", (call) => kindType("bytes", sizeAt(call, 0) * 4), firstSize),
  overload("bool", "b", "bool"),
  overload("bool", "s", "bool"),
  overload("timestamp", "s", "timestamp"),
  overload("timestamp", "t", "timestamp"),
  overload("duration", "s", "duration"),
  overload("duration", "D", "duration"),
  overload("type", "*", "type"),
  overload("dyn", "*", (call) => kindType("dyn", sizeAt(call, 0))),
];

const texts = [
  overload("matches", "s.s", "bool", regexCost),
  overload("matches", "ss", "bool", regexCost),
  overload("contains", "s.s", "bool", (call) => times(firstSize(call), traversal(sizeAt(call, 1)))),
  ...["startsWith", "endsWith"].map((name) =>
    overload(name, "s.s", "bool", (call) => traversal(sizeAt(call, 1))),
  ),
  ...["lowerAscii", "upperAscii", "trim"].map((name) => overload(name, "s.", sameText, firstSize)),
  overload("substring", "s.i", sameText, firstSize),
  overload("substring", "s.ii", sameText, firstSize),
  overload("charAt", "s.i", (): DeclType => kindType("string", 4)),
  ...["indexOf", "lastIndexOf"].flatMap((name) => [
    overload(name, "s.s", "int", firstSize),
    overload(name, "s.si", "int", firstSize),
    overload(name, "l.*", "int", listCost),
  ]),
  ...["s.ss", "s.ssi"].map((types) =>
    overload(
      "replace",
      types,
      (call) => kindType("string", replaced(call)),
      (call) => traversal(sizeAt(call, 0), 2 * TRAVERSAL),
    ),
  ),
  ...["s.s", "s.si"].map((types) =>
    overload("split", types, strings, (call) => traversal(sizeAt(call, 0), 2 * TRAVERSAL)),
  ),
  ...["l.", "l.s"].map((types) =>
    overload(
      "join",
      types,
      (call) => kindType("string", joined(call)),
      (call) => traversal(joined(call)),
    ),
  ),
  overload("format", "s.l", "string", firstSize),
  overload("find", "s.s", sameText, regexCost),
  overload("findAll", "s.s", strings, regexCost),
  overload("findAll", "s.si", strings, regexCost),
];

const lists = [
  overload("isSorted", "l.", "bool", listCost),
  overload("sum", "l.", element, listCost),
  overload("min", "l.", element, listCost),
  overload("max", "l.", element, listCost),
  ...["sets.contains", "sets.equivalent", "sets.intersects"].map((name) =>
    overload(name, "ll", "bool", (call) => times(sizeAt(call, 0), sizeAt(call, 1))),
  ),
];

const TIME_PARTS =
  "getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds";

const kubernetes = [
  ...TIME_PARTS.split(" ").flatMap((name) => [overload(name, "t.", "int"), overload(name, "t.s", "int")]),
  ...["getHours", "getMinutes", "getSeconds", "getMilliseconds"].map((name) => overload(name, "D.", "int")),
  overload("url", "s", "url", firstSize),
  overload("isURL", "s", "bool", firstSize),
  ...["getScheme", "getHost", "getHostname", "getPort", "getEscapedPath"].map((name) =>
    overload(name, "U.", "string"),
  ),
  overload("quantity", "s", "quantity", firstSize),
  overload("isQuantity", "s", "bool", firstSize),
  overload("isInteger", "q.", "bool"),
  overload("asInteger", "q.", "int"),
  overload("asApproximateFloat", "q.", "double"),
  overload("sign", "q.", "int"),
  ...["add", "sub"].flatMap((name) => [overload(name, "q.q", "quantity"), overload(name, "q.i", "quantity")]),
  overload("compareTo", "q.q", "int"),
  overload("isLessThan", "q.q", "bool"),
  overload("isGreaterThan", "q.q", "bool"),
  overload("hasValue", "o.", "bool"),
  overload("value", "o.", element),
  overload("orValue", "o.*", element),
  overload("optional.none", "", (): DeclType => kindType("optional", 0, kindType("dyn", Infinity))),
];

const OVERLOADS: readonly Overload[] = [
  ...comparisons,
  ...arithmetic,
  ...conversions,
  ...texts,
  ...lists,
  ...kubernetes,
  overload("!_", "b", "bool"),
  overload("@not_strictly_false", "b", "bool"),
  ...["s", "y", "l", "m"].flatMap((type) => [
    overload("size", type, "int"),
    overload("size", `${type}.`, "int"),
  ]),
];

/** Whether any function has this name. */
export function isFunction(name: string): boolean {
  return OVERLOADS.some((candidate) => candidate.name === name);
}

function accepts(wanted: DeclKind, given: DeclType): boolean {
  return wanted === "dyn" || given.kind === "dyn" || wanted === given.kind;
}

/** What a call gives and costs, or undefined if no overload takes its operands. With `dyn` the dearest fits. */
export function resolveCall(name: string, call: Call): CallResult | undefined {
  const fitting = OVERLOADS.filter(
    (candidate) =>
      candidate.name === name &&
      candidate.isMethod === call.isMethod &&
      candidate.operands.length === call.operands.length &&
      candidate.operands.every((wanted, index) => accepts(wanted, call.operands[index] ?? kindType("dyn"))),
  );
  const results = fitting.map((candidate) => candidate.result(call));
  const [first] = results;
  if (first === undefined) return undefined;
  const isOne = results.every((result) => result.kind === first.kind);
  const size = Math.max(...results.map((result) => result.size));
  const cost = Math.max(...fitting.map((candidate) => candidate.cost(call)));
  return { type: isOne ? { ...first, size } : kindType("dyn", size), cost };
}
