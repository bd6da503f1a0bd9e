import { isObject } from "../../kube/json.ts";
export type Fields = Record<string, unknown>;

/** One named entry of a kubeconfig, with the folder that its relative paths start from. */
export interface Entry {
  name: string;
  /** For messages, such as `user "jane"`. */
  title: string;
  fields: Fields;
  directory: string;
}

export function isFields(value: unknown): value is Fields {
  return isObject(value);
}

/** A text; undefined if it is absent, null or empty. Throws if it is something else, as kubectl does; shows no value. */
export function textOf(fields: Fields, field: string, title: string): string | undefined {
  const value = fields[field];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw new Error(`${title}: ${field} is ${kindOf(value)}, not a text; put it in quotes`);
}

/** Texts in a list; empty if it is absent. Throws if it is something else. */
export function textsOf(fields: Fields, field: string, title: string): string[] {
  const value = fields[field] ?? [];
  if (!Array.isArray(value)) throw new Error(`${title}: ${field} is ${kindOf(value)}, not a list`);
  return value.map((each: unknown) => {
    if (typeof each === "string") return each;
    throw new Error(`${title}: ${field} holds ${kindOf(each)}, not a text; put it in quotes`);
  });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return "a number";
  // YAML 1.1 takes y, n, yes, no, on and off for these.
  if (typeof value === "boolean") return "true or false";
  return "a mapping";
}
