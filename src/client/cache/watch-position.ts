import { compareResourceVersions } from "./resource-version.ts";

/**
 * How far one watch has come, and which own writes are ahead of it. Decides what of that which the
 * watch and our own writes say is news, so that a cache never goes back in time: an own write is
 * until the watch has passed its resourceVersion, and what the watch has passed is no news any more.
 */
export class WatchPosition {
  /** Every change up to this resourceVersion has been reported. */
  #reached: string | undefined;
  /** While a list runs: the keys that it has named. */
  #listed: Set<string> | undefined;
  /** Own writes that the watch has not reported yet: key to resourceVersion. */
  readonly #ahead = new Map<string, string>();

  /** Whether an own write is newer than what is known; it then counts as ahead of the watch. */
  takePut(key: string, resourceVersion: string): boolean {
    if (this.#reached !== undefined && compareResourceVersions(resourceVersion, this.#reached) <= 0)
      return false;
    const ahead = this.#ahead.get(key);
    if (ahead !== undefined && compareResourceVersions(resourceVersion, ahead) <= 0) return false;
    this.#ahead.set(key, resourceVersion);
    return true;
  }

  /** Whether an object that a list or a watch names is at least as new as our own write of it. */
  takeUpsert(key: string, resourceVersion: string): boolean {
    if (this.#listed === undefined) this.#reached = resourceVersion;
    // A list's items are not in order; only its end says how far it has come.
    else this.#listed.add(key);
    return this.#overtakes(key, resourceVersion);
  }

  /** Whether a deletion is of what we know, and not of a predecessor of our own write. */
  takeDelete(key: string, resourceVersion: string): boolean {
    this.#reached = resourceVersion;
    return this.#overtakes(key, resourceVersion);
  }

  /** An object that could not be read exists anyway. */
  takeUnreadable(key: string): void {
    this.#listed?.add(key);
    this.#ahead.delete(key);
  }

  beginList(): void {
    this.#listed = new Set();
  }

  /** Ends a list; the keys among `known` that no longer exist. */
  endList(resourceVersion: string, known: Iterable<string>): string[] {
    const listed = this.#listed ?? new Set();
    this.#listed = undefined;
    const gone: string[] = [];
    for (const key of known) if (!listed.has(key) && !this.#ahead.has(key)) gone.push(key);
    return [...gone, ...this.takeBookmark(resourceVersion)];
  }

  /** Keys of own writes that the watch has passed without naming them: gone, or never in its selection. */
  takeBookmark(resourceVersion: string): string[] {
    this.#reached = resourceVersion;
    const gone: string[] = [];
    for (const [key, ahead] of this.#ahead) {
      if (compareResourceVersions(ahead, resourceVersion) > 0) continue;
      this.#ahead.delete(key);
      gone.push(key);
    }
    return gone;
  }

  #overtakes(key: string, resourceVersion: string): boolean {
    const ahead = this.#ahead.get(key);
    if (ahead === undefined) return true;
    if (compareResourceVersions(resourceVersion, ahead) < 0) return false;
    this.#ahead.delete(key);
    return true;
  }
}
