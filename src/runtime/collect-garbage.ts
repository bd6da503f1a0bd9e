/**
 * One full collection, for a moment when much has just become garbage and little will follow for a while: V8
 * alone would keep those pages until the heap has doubled. Nothing where Node runs without `--expose-gc`,
 * as it does everywhere but in the operator's image.
 */
export function collectGarbage(): void {
  globalThis.gc?.({ type: "major", flavor: "last-resort", execution: "sync" });
}
