/** Milliseconds since the epoch, or `fallback` if there is no such time. */
export function timeOf(timestamp: string | undefined, fallback: number): number {
  const time = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? fallback : time;
}

/** RFC 3339 in whole seconds, as Kubernetes writes times; a number is in milliseconds since the epoch. */
export function timestamp(at: number | Date): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
