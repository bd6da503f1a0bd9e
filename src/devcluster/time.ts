/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}
