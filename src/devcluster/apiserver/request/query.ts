import { quote } from "../../../kube/go-text.ts";
import type { Parsed } from "../../../kube/parsed.ts";
import { badRequest } from "../answers/status-error.ts";

/** How what a query says becomes the fields of options. Source: apimachinery runtime/converter, strconv. */

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;

/** A whole number of a query; undefined if it is not there. Throws 400 for anything else. */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const refuse = (why: string) => badRequest(`strconv.ParseInt: parsing ${quote(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw refuse("invalid syntax");
  const value = BigInt(text.replace("+", ""));
  if (value < SMALLEST || value > LARGEST) throw refuse("value out of range");
  return Number(value);
}

/** A resourceVersion, or why it is none, in Go's words. */
export function readVersion(text: string): Parsed<number> {
  if (/^\d{1,15}$/.test(text)) return { value: Number(text) };
  const isTooLarge = /^\d+$/.test(text);
  if (isTooLarge && BigInt(text) < 2n ** 64n) return { value: Number(text) };
  return {
    error: `strconv.ParseUint: parsing ${quote(text)}: ${isTooLarge ? "value out of range" : "invalid syntax"}`,
  };
}
