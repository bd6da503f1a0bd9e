/** Kubernetes' version priority: v2 before v1, stable before beta before alpha, others by name. */
export function compareVersions(left: string, right: string): number {
  const rank = (version: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [3, 0, 0];
    const stability = match[2] === undefined ? 0 : match[2] === "beta" ? 1 : 2;
    return [stability, -Number(match[1]), -Number(match[3] ?? 0)];
  };
  const a = rank(left);
  const b = rank(right);
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || (left < right ? -1 : 1);
}
