/**
 * The writes of one reconcile, by the resourceVersions that the server gave them. A change with one
 * of these is the echo of what the reconcile did itself, and no reason to run it again.
 */
export class OwnWrites {
  readonly #resourceVersions = new Set<string>();

  add(resourceVersion: string): void {
    this.#resourceVersions.add(resourceVersion);
  }

  has(resourceVersion: string | undefined): boolean {
    return resourceVersion !== undefined && this.#resourceVersions.has(resourceVersion);
  }
}
