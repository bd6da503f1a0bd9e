import { parseDuration } from "../duration.ts";
import { isCidr, isIPv4, isIPv6 } from "../ip-address.ts";
import { dnsLabelErrors, dnsSubdomainErrors } from "../names.ts";

/** The string formats that an API server enforces in custom resources. Source: kube-openapi pkg/validation/strfmt. */

/** A unit's short names and the beginning of its long one. */
const DURATION_UNIT =
  /^(ns|nano.*|us|µs|micro.*|ms|milli.*|s|sec.*|m|min.*|h|hr|hour.*|d|day.*|w|wk|week.*)$/i;

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function isDateTime(text: string): boolean {
  const [date = "", time = ""] = text.toLowerCase().split("t");
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  if (match === null || !isDate(date)) return false;
  const [, hour = "", minute = "", second = ""] = match;
  return hour <= "23" && minute <= "59" && second <= "59";
}

function isDuration(text: string): boolean {
  if (parseDuration(text) !== undefined) return true;
  return [...text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)].some(([, , unit = ""]) => DURATION_UNIT.test(unit));
}

function isUri(text: string): boolean {
  return URL.canParse(text) || /^\/[^\s]*$/.test(text);
}

const uuid = (version: string, variant = "[0-9a-f]"): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, "i");

type FormatTest = (text: string) => boolean;

const FORMATS: ReadonlyMap<string, FormatTest> = new Map<string, FormatTest>([
  ["date", isDate],
  ["date-time", isDateTime],
  ["datetime", isDateTime],
  ["duration", isDuration],
  ["ipv4", isIPv4],
  ["ipv6", isIPv6],
  ["cidr", isCidr],
  ["uri", isUri],
  ["email", (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text)],
  [
    "hostname",
    (text) =>
      text.length <= 255 &&
      /^([a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)*\.?$/.test(
        text,
      ),
  ],
  ["mac", (text) => /^([0-9a-fA-F]{2}[:-]){5}([0-9a-fA-F]{2}[:-]?){1,3}$/.test(text)],
  ["uuid", (text) => uuid("[0-9a-f]").test(text)],
  ["uuid3", (text) => uuid("3").test(text)],
  ["uuid4", (text) => uuid("4", "[89ab]").test(text)],
  ["uuid5", (text) => uuid("5", "[89ab]").test(text)],
  ["byte", (text) => /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)],
  ["hexcolor", (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text)],
  ["password", () => true],
  ["k8s-short-name", (text) => dnsLabelErrors(text).length === 0],
  ["k8s-long-name", (text) => dnsSubdomainErrors(text).length === 0],
]);

/** Whether text has a format; one that is not known to the server is not enforced. */
export function hasFormat(format: string, text: string): boolean {
  return FORMATS.get(format)?.(text) ?? true;
}

/** Whether the server enforces this format on strings. */
export function isStringFormat(format: string): boolean {
  return FORMATS.has(format);
}
