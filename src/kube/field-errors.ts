import { formatNumber, goJson, quote } from "./go-text.ts";
import type { Status, StatusCause } from "./status.ts";

/** The causes that validation gives. Source: apimachinery util/validation/field. */
export type FieldErrorReason =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** One thing wrong with one field; usable as it is as a cause of a Status. `field` is `<nil>` for the whole object. */
export interface FieldError extends StatusCause {
  readonly reason: FieldErrorReason;
  readonly message: string;
  readonly field: string;
}

/** Stands for a bad value that is not to be printed. */
export const omitValue: unique symbol = Symbol("omitted");

function printed(value: unknown): string {
  if (value === omitValue) return "";
  if (typeof value === "string") return `: ${quote(value)}`;
  if (typeof value === "number") return `: ${formatNumber(value)}`;
  if (typeof value === "boolean" || typeof value === "bigint") return `: ${value}`;
  return `: ${goJson(value)}`;
}

function suffixed(text: string, detail: string): string {
  return detail === "" ? text : `${text}: ${detail}`;
}

/** `Required value[: detail]` */
export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", message: suffixed("Required value", detail), field };
}

/** `Invalid value: VALUE: detail`; strings are quoted, objects printed as JSON. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return {
    reason: "FieldValueInvalid",
    message: suffixed(`Invalid value${printed(value)}`, detail),
    field,
  };
}

/** As `invalid`, for a value of the wrong type. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { ...invalid(field, value, detail), reason: "FieldValueTypeInvalid" };
}

/** `Unsupported value: VALUE: supported values: "a", "b"` */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length === 0 ? "" : `supported values: ${supported.map(quote).join(", ")}`;
  return {
    reason: "FieldValueNotSupported",
    message: suffixed(`Unsupported value${printed(value)}`, detail),
    field,
  };
}

/** `Duplicate value: VALUE` */
export function duplicate(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", message: `Duplicate value${printed(value)}`, field };
}

/** `Not found: VALUE` */
export function notFound(field: string, value: unknown): FieldError {
  return { reason: "FieldValueNotFound", message: `Not found${printed(value)}`, field };
}

/** `Forbidden: detail` */
export function forbidden(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", message: suffixed("Forbidden", detail), field };
}

/** `Too long: may not be more than N bytes` */
export function tooLong(field: string, maximum: number): FieldError {
  const unit = maximum === 1 ? "byte" : "bytes";
  return {
    reason: "FieldValueTooLong",
    message: `Too long: may not be more than ${maximum} ${unit}`,
    field,
  };
}

/** `Too many: ACTUAL: must have at most N items` */
export function tooMany(field: string, actual: number, maximum: number): FieldError {
  const unit = maximum === 1 ? "item" : "items";
  return {
    reason: "FieldValueTooMany",
    message: `Too many: ${actual}: must have at most ${maximum} ${unit}`,
    field,
  };
}

/** Several errors as one message: `field: message`, or `[a, b]`; repeated ones once. */
export function aggregate(errors: readonly FieldError[]): string {
  const messages = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  return messages.length === 1 ? `${messages[0]}` : `[${messages.join(", ")}]`;
}

/** The 422 answer to an object that validation refuses: `KIND.GROUP "name" is invalid: …`. */
export function invalidStatus(
  of: { group?: string; kind: string; name: string },
  errors: readonly FieldError[],
): Status {
  const group = of.group ?? "";
  const kind = group === "" ? of.kind : `${of.kind}.${group}`;
  const why = errors.length === 0 ? "" : `: ${aggregate(errors)}`;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `${kind} ${quote(of.name)} is invalid${why}`,
    reason: "Invalid",
    details: {
      ...(of.name === "" ? {} : { name: of.name }),
      ...(group === "" ? {} : { group }),
      ...(of.kind === "" ? {} : { kind: of.kind }),
      causes: [...errors],
    },
    code: 422,
  };
}
