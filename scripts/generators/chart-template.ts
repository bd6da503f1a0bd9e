/** A place in a manifest where the chart has a value; it must be there, or generating fails. */
export type Change = readonly [from: string | RegExp, to: string];

/** A template: a manifest of config/ with some places opened, and when it is rendered. */
export interface Template {
  from: string;
  changes?: readonly Change[];
  when?: string;
}
