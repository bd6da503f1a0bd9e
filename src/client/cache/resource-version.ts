const DECIMAL = /^\d+$/;

/**
 * Orders two resourceVersions of one resource: negative, 0 or positive. They are DECIMAL numbers of
 * any length (Kubernetes' documentation guarantees that they compare so since 1.35, and etcd always
 * made them so); of two others that differ, the second argument counts as the older.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return 1;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
