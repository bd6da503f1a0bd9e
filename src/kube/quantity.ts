import type { Parsed } from "./parsed.ts";

/** Resource quantities (`500m`, `1Gi`, `1e3`). Source: apimachinery api/resource. */
export interface Quantity {
  /** The amount in units of 10^-9, rounded up (away from zero). */
  readonly nano: bigint;
  readonly format: "DecimalSI" | "BinarySI" | "DecimalExponent";
  /** As an API server stores and prints it. */
  readonly text: string;
}

/** The pattern that CRDs give to quantity fields (controller-gen's), RE2. */
export const quantityPattern =
  "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

const FORMAT_ERROR =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_ERROR = "unable to parse quantity's suffix";

const DECIMAL_SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;
/** Exponents beyond this are nobody's quantity, but would cost a server its memory. */
const EXPONENT_LIMIT = 400;
const MAXIMUM_BINARY = (1n << 63n) - 1n;

interface Suffix {
  format: Quantity["format"];
  /** Of ten, or of two for BinarySI. */
  exponent: number;
}

function parseSuffix(text: string): Suffix | undefined {
  const decimal = DECIMAL_SUFFIXES.findIndex((suffix) => suffix === text);
  if (decimal >= 0) return { format: "DecimalSI", exponent: decimal * 3 - 9 };
  const binary = BINARY_SUFFIXES.findIndex((suffix) => suffix === text);
  if (binary > 0) return { format: "BinarySI", exponent: binary * 10 };
  if (!/^[eE][-+]?[0-9]+$/.test(text)) return undefined;
  const exponent = Number(text.slice(1));
  return Math.abs(exponent) > EXPONENT_LIMIT ? undefined : { format: "DecimalExponent", exponent };
}

function divideUp(value: bigint, by: bigint): bigint {
  return value % by === 0n ? value / by : value / by + 1n;
}

function magnitudeInNano(digits: string, decimals: number, suffix: Suffix): bigint {
  if (suffix.format === "BinarySI") {
    const scaled = (BigInt(digits) << BigInt(suffix.exponent)) * 1_000_000_000n;
    const nano = divideUp(scaled, 10n ** BigInt(decimals));
    const most = MAXIMUM_BINARY * 1_000_000_000n;
    return nano > most ? most : nano;
  }
  const power = suffix.exponent - decimals + 9;
  return power >= 0 ? BigInt(digits) * 10n ** BigInt(power) : divideUp(BigInt(digits), 10n ** BigInt(-power));
}

function canonicalDecimal(nano: bigint, exponential: boolean): string {
  let amount = nano;
  let exponent = -9;
  while (amount % 10n === 0n) {
    amount /= 10n;
    exponent += 1;
  }
  const largest = exponential ? Infinity : 18;
  while (exponent % 3 !== 0 || exponent > largest) {
    amount *= 10n;
    exponent -= 1;
  }
  if (exponential) return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  return `${amount}${DECIMAL_SUFFIXES[exponent / 3 + 3]}`;
}

function canonicalText(nano: bigint, format: Quantity["format"]): string {
  if (nano === 0n) return "0";
  if (format === "DecimalExponent") return canonicalDecimal(nano, true);
  const unit = 1_000_000_000n;
  const small = nano > -1024n * unit && nano < 1024n * unit;
  if (format === "DecimalSI" || small || nano % unit !== 0n) return canonicalDecimal(nano, false);
  let amount = nano / unit;
  let exponent = 0;
  while (amount % 1024n === 0n && exponent < BINARY_SUFFIXES.length - 1) {
    amount /= 1024n;
    exponent += 1;
  }
  return `${amount}${BINARY_SUFFIXES[exponent]}`;
}

/** Whether the server keeps the text as it was written: its own quick test for "already canonical". */
function keepsText(whole: string, decimals: string, suffix: Suffix): boolean {
  const digits = `${whole}${decimals}`;
  if (suffix.format === "BinarySI") {
    const precision = 15 - whole.length - Math.trunc((suffix.exponent * 3) / 10) - 1;
    return decimals === "" && precision >= 0 && BigInt(digits) % 8n !== 0n;
  }
  const scale = suffix.exponent - decimals.length;
  if (digits.length > 18 || scale < -9) return false;
  return scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
}

/** Reads a quantity; the error is the server's own text. */
export function parseQuantity(text: string): Parsed<Quantity> {
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (match === null || text === "") return { error: FORMAT_ERROR };
  const [, sign = "", integer = "", decimals = "", suffixText = ""] = match;
  if (integer === "" && decimals === "") return { error: FORMAT_ERROR };
  const suffix = parseSuffix(suffixText);
  if (suffix === undefined) return { error: SUFFIX_ERROR };
  const whole = integer.replace(/^0+/, "") || "0";
  const magnitude = magnitudeInNano(`${whole}${decimals}`, decimals.length, suffix);
  const nano = sign === "-" ? -magnitude : magnitude;
  const fraction = magnitude > 0n && magnitude < 1_000_000_000n;
  const format = suffix.format === "BinarySI" && fraction ? "DecimalSI" : suffix.format;
  const kept = keepsText(whole, decimals, suffix);
  return { value: { nano, format, text: kept ? text : canonicalText(nano, format) } };
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}

/** The amount as a whole number, rounded up: bytes of memory, cores. */
export function quantityValue(quantity: Quantity): number {
  return Number(roundedUp(quantity.nano, 1_000_000_000n));
}

/** The amount in thousandths, rounded up: millicores. */
export function quantityMilliValue(quantity: Quantity): number {
  return Number(roundedUp(quantity.nano, 1_000_000n));
}

function roundedUp(nano: bigint, unit: bigint): bigint {
  return nano < 0n ? -divideUp(-nano, unit) : divideUp(nano, unit);
}

/** The form in which an API server stores a quantity (`0.5` is `500m`, `1024Mi` is `1Gi`), or its error. */
export function canonicalQuantity(value: string | number): Parsed<string> {
  const parsed = parseQuantity(String(value));
  return parsed.error === undefined ? { value: parsed.value.text } : { error: parsed.error };
}
