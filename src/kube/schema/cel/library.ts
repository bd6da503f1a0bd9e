import {
  celEnv,
  celFunc,
  celMethod,
  CelScalar,
  isCelList,
  isCelMap,
  listType,
  mapType,
  type CelEnv,
  type CelFunc,
  type CelList,
  type CelMap,
  type CelValue,
} from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { RE2JS } from "re2js";
import { parseQuantity, type Quantity } from "../../quantity.ts";

/** The functions that Kubernetes adds to CEL. Source: apiserver pkg/cel/library. */

const { BOOL, DOUBLE, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
/** Quantities, URLs and optionals have no their own type here: they travel as maps with one marked key. */
const MARKED = mapType(STRING, DYN);

function compareValues(a: CelValue, b: CelValue): number {
  const comparable = (value: CelValue): boolean =>
    typeof value === "bigint" ||
    typeof value === "number" ||
    typeof value === "string" ||
    typeof value === "boolean";
  if (a === null || b === null || !comparable(a) || !comparable(b)) throw new Error("no such overload");
  return a < b ? -1 : a > b ? 1 : 0;
}

function extreme(list: CelList, sign: number): CelValue {
  let best: CelValue | undefined;
  for (const item of list) if (best === undefined || compareValues(item, best) * sign > 0) best = item;
  if (best === undefined) throw new Error(`${sign > 0 ? "max" : "min"} called on empty list`);
  return best;
}

function isSorted(list: CelList): boolean {
  let previous: CelValue | undefined;
  for (const item of list) {
    if (previous !== undefined && compareValues(previous, item) > 0) return false;
    previous = item;
  }
  return true;
}

function sum(list: CelList): bigint | number {
  let whole = 0n;
  let real = 0;
  let isReal = false;
  for (const item of list) {
    if (typeof item === "bigint") whole += item;
    else if (typeof item === "number") {
      real += item;
      isReal = true;
    } else throw new Error("no such overload");
  }
  return isReal ? real : whole;
}

function positions(list: CelList, wanted: CelValue): number[] {
  return [...list].flatMap((item, index) => (item === wanted ? [index] : []));
}

const listFunctions: CelFunc[] = [
  celMethod("isSorted", LIST, [], BOOL, function () {
    return isSorted(this);
  }),
  celMethod("sum", LIST, [], DYN, function () {
    return sum(this);
  }),
  celMethod("min", LIST, [], DYN, function () {
    return extreme(this, -1);
  }),
  celMethod("max", LIST, [], DYN, function () {
    return extreme(this, 1);
  }),
  celMethod("indexOf", LIST, [DYN], INT, function (item) {
    return BigInt(positions(this, item)[0] ?? -1);
  }),
  celMethod("lastIndexOf", LIST, [DYN], INT, function (item) {
    return BigInt(positions(this, item).at(-1) ?? -1);
  }),
];

const MAXIMUM_PATTERNS = 500;

/** Patterns are nearly always literals of a rule: each is compiled once for an environment. */
class Patterns {
  readonly #compiled = new Map<string, RE2JS>();

  compile(pattern: string): RE2JS {
    let regex = this.#compiled.get(pattern);
    if (regex === undefined) {
      regex = RE2JS.compile(pattern);
      if (this.#compiled.size >= MAXIMUM_PATTERNS) this.#compiled.clear();
      this.#compiled.set(pattern, regex);
    }
    return regex;
  }
}

function findAll(regex: RE2JS, text: string, limit = Infinity): string[] {
  const matcher = regex.matcher(text);
  const found: string[] = [];
  while (found.length < limit && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

function regexFunctions(patterns: Patterns): CelFunc[] {
  return [
    celMethod("find", STRING, [STRING], STRING, function (pattern) {
      return findAll(patterns.compile(pattern), this, 1)[0] ?? "";
    }),
    celMethod("findAll", STRING, [STRING], LIST, function (pattern) {
      return findAll(patterns.compile(pattern), this);
    }),
    celMethod("findAll", STRING, [STRING, INT], LIST, function (pattern, limit) {
      return findAll(patterns.compile(pattern), this, limit < 0n ? Infinity : Number(limit));
    }),
  ];
}

function includes(list: CelList, wanted: CelValue): boolean {
  return positions(list, wanted).length > 0;
}

const setFunctions: CelFunc[] = [
  celFunc("sets.contains", [LIST, LIST], BOOL, (all, part) => [...part].every((item) => includes(all, item))),
  celFunc(
    "sets.equivalent",
    [LIST, LIST],
    BOOL,
    (a, b) => [...a].every((item) => includes(b, item)) && [...b].every((item) => includes(a, item)),
  ),
  celFunc("sets.intersects", [LIST, LIST], BOOL, (a, b) => [...a].some((item) => includes(b, item))),
];

const URL_KEY = "@url";
const URL_PARTS: readonly [string, (url: URL) => string][] = [
  ["getScheme", (url) => url.protocol.replace(/:$/, "")],
  ["getHost", (url) => url.host],
  ["getHostname", (url) => url.hostname.replace(/^\[|\]$/g, "")],
  ["getPort", (url) => url.port],
  ["getEscapedPath", (url) => url.pathname],
];

function parseUrl(text: string): URL | undefined {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:|^\//.test(text) || /\s/.test(text)) return undefined;
  const absolute = text.startsWith("/") ? `file://${text}` : text;
  return URL.canParse(absolute) ? new URL(absolute) : undefined;
}

function urlOf(value: CelMap): URL {
  const text = value.get(URL_KEY);
  const url = typeof text === "string" ? parseUrl(text) : undefined;
  if (url === undefined) throw new Error("no such overload");
  return url;
}

const urlFunctions: CelFunc[] = [
  celFunc("isURL", [STRING], BOOL, (text) => parseUrl(text) !== undefined),
  celFunc("url", [STRING], MARKED, (text) => {
    if (parseUrl(text) === undefined)
      throw new Error(`URL parse error during conversion from string: ${text}`);
    return new Map([[URL_KEY, text]]);
  }),
  ...URL_PARTS.map(([name, part]) =>
    celMethod(name, MARKED, [], STRING, function () {
      return part(urlOf(this));
    }),
  ),
];

const QUANTITY_KEY = "@quantity";

function quantityOf(value: CelMap): bigint {
  const nano = value.get(QUANTITY_KEY);
  if (typeof nano !== "bigint") throw new Error("no such overload");
  return nano;
}

function marked(nano: bigint): Map<string, bigint> {
  return new Map([[QUANTITY_KEY, nano]]);
}

function readQuantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (parsed.error !== undefined) throw new Error(parsed.error);
  return parsed.value;
}

/** A quantity's operand is a quantity or an int. */
function operandOf(value: CelValue): bigint {
  if (typeof value === "bigint") return value * 1_000_000_000n;
  if (isCelMap(value)) return quantityOf(value);
  throw new Error("no such overload");
}

const UNIT = 1_000_000_000n;
const quantityFunctions: CelFunc[] = [
  celFunc("isQuantity", [STRING], BOOL, (text) => parseQuantity(text).error === undefined),
  celFunc("quantity", [STRING], MARKED, (text) => marked(readQuantity(text).nano)),
  celMethod("isInteger", MARKED, [], BOOL, function () {
    return quantityOf(this) % UNIT === 0n;
  }),
  celMethod("asInteger", MARKED, [], INT, function () {
    if (quantityOf(this) % UNIT !== 0n) throw new Error("cannot convert value to integer");
    return quantityOf(this) / UNIT;
  }),
  celMethod("asApproximateFloat", MARKED, [], DOUBLE, function () {
    return Number(quantityOf(this)) / 1e9;
  }),
  celMethod("sign", MARKED, [], INT, function () {
    const nano = quantityOf(this);
    return nano > 0n ? 1n : nano < 0n ? -1n : 0n;
  }),
  celMethod("add", MARKED, [DYN], MARKED, function (other) {
    return marked(quantityOf(this) + operandOf(other));
  }),
  celMethod("sub", MARKED, [DYN], MARKED, function (other) {
    return marked(quantityOf(this) - operandOf(other));
  }),
  celMethod("compareTo", MARKED, [MARKED], INT, function (other) {
    return BigInt(Math.sign(Number(quantityOf(this) - quantityOf(other))));
  }),
  celMethod("isGreaterThan", MARKED, [MARKED], BOOL, function (other) {
    return quantityOf(this) > quantityOf(other);
  }),
  celMethod("isLessThan", MARKED, [MARKED], BOOL, function (other) {
    return quantityOf(this) < quantityOf(other);
  }),
];

const OPTIONAL_KEY = "@optional";

/** An optional value as rules see it: `oldSelf` of a rule with optionalOldSelf. */
export function optionalOf<T>(value: T | undefined): Map<string, T[]> {
  return new Map([[OPTIONAL_KEY, value === undefined ? [] : [value]]]);
}

function heldBy(value: CelMap): CelList {
  const held = value.get(OPTIONAL_KEY);
  if (held === undefined || !isCelList(held)) throw new Error("no such overload");
  return held;
}

const optionalFunctions: CelFunc[] = [
  celFunc("optional.none", [], MARKED, () => optionalOf<bigint>(undefined)),
  celMethod("hasValue", MARKED, [], BOOL, function () {
    return heldBy(this).size > 0;
  }),
  celMethod("value", MARKED, [], DYN, function () {
    const value = heldBy(this).get(0);
    if (value === undefined) throw new Error("optional.none() dereference");
    return value;
  }),
  celMethod("orValue", MARKED, [DYN], DYN, function (fallback) {
    return heldBy(this).get(0) ?? fallback;
  }),
];

/** The environment in which rules are planned; its making takes about two milliseconds. */
export function createCelEnvironment(): CelEnv {
  const patterns = new Patterns();
  return celEnv({
    re2: patterns,
    funcs: [
      ...strings,
      ...listFunctions,
      ...regexFunctions(patterns),
      ...setFunctions,
      ...urlFunctions,
      ...quantityFunctions,
      ...optionalFunctions,
    ],
  });
}
