/** A part of the schema that the CRD has too. */
export interface Schema {
  description?: string;
  type?: string;
  enum?: readonly string[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export type Values = Readonly<Record<string, unknown>>;

export function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same values with another one at the path; undefined takes it away, and what is then left empty. */
export function withValue(values: Values, [field = "", ...more]: readonly string[], value: unknown): Values {
  const { [field]: before, ...others } = values;
  const next = more.length === 0 ? value : withValue(isValues(before) ? before : {}, more, value);
  const isEmpty = next === undefined || (more.length > 0 && isValues(next) && Object.keys(next).length === 0);
  if (isEmpty) return others;
  // What was there keeps its place, so that lines of the YAML do not move.
  return { ...values, [field]: next };
}

export function valueAt(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, field) => (isValues(value) ? value[field] : undefined), values);
}
