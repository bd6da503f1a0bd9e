/**
 * Values to sets of keys. Most values of an index have one key, and a Set for each would take more
 * memory than what it holds: a single key is kept as it is.
 */
export class MultiMap {
  readonly #keys = new Map<string, string | Set<string>>();

  add(value: string, key: string): void {
    const present = this.#keys.get(value);
    if (present === undefined) this.#keys.set(value, key);
    else if (typeof present !== "string") present.add(key);
    else if (present !== key) this.#keys.set(value, new Set([present, key]));
  }

  delete(value: string, key: string): void {
    const present = this.#keys.get(value);
    if (present === undefined) return;
    if (typeof present === "string") {
      if (present === key) this.#keys.delete(value);
      return;
    }
    present.delete(key);
    const [only] = present;
    if (present.size === 1 && only !== undefined) this.#keys.set(value, only);
  }

  keys(value: string): Iterable<string> {
    const present = this.#keys.get(value);
    if (present === undefined) return [];
    return typeof present === "string" ? [present] : present;
  }

  get size(): number {
    return this.#keys.size;
  }
}
