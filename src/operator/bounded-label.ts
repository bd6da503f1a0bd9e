/** What stands for all further values. */
export const OTHER = "other";

/** The value itself for the first `limit` values that come, `other` for every further one: a label's number is bounded. */
export function boundedLabel(limit: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (!seen.has(value) && seen.size < limit) seen.add(value);
    return seen.has(value) ? value : OTHER;
  };
}
