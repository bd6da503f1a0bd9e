/** Keys with a time to come, the earliest first. Times are milliseconds of a monotonic clock. */
export class Delays {
  #heap: { at: number; key: string }[] = [];
  /** The valid time of each key; entries of the heap that differ from it are dead. */
  readonly #at = new Map<string, number>();

  get size(): number {
    return this.#at.size;
  }

  /** Adds the key or moves it forward; a later time than the one it has changes nothing. */
  add(key: string, at: number): void {
    const current = this.#at.get(key);
    if (current !== undefined && current <= at) return;
    this.#at.set(key, at);
    this.#push({ at, key });
  }

  delete(key: string): void {
    this.#at.delete(key);
    // Without this, keys that are put off again and again would fill the heap with dead entries.
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#at.size) this.#rebuild();
  }

  clear(): void {
    this.#heap = [];
    this.#at.clear();
  }

  /** When the earliest key is due. */
  earliest(): number | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#at.get(top.key) === top.at) return top.at;
      this.#pop();
    }
    return undefined;
  }

  /** Removes and returns every key that is due. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (let at = this.earliest(); at !== undefined && at <= now; at = this.earliest()) {
      const top = this.#pop();
      if (top === undefined) break;
      this.#at.delete(top.key);
      due.push(top.key);
    }
    return due;
  }

  #rebuild(): void {
    this.#heap = [...this.#at].map(([key, at]) => ({ at, key })).sort((a, b) => a.at - b.at);
  }

  #push(entry: { at: number; key: string }): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): { at: number; key: string } | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const child =
        b !== undefined && b.at < a.at ? { entry: b, index: left + 1 } : { entry: a, index: left };
      if (last.at <= child.entry.at) break;
      heap[index] = child.entry;
      index = child.index;
    }
    heap[index] = last;
    return top;
  }
}
