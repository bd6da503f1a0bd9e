import { keyOf } from "../../kube/objects.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { MultiMap } from "./multi-map.ts";

/** The values under which an index finds an object; none: it is not in the index. */
export type IndexFunction<K> = (object: K) => Iterable<string>;

/** Objects by key, with indexes that follow every change. */
export class IndexedStore<K extends KubeObject> {
  readonly #objects = new Map<string, K>();
  readonly #namespaces = new MultiMap();
  readonly #indexes: Map<string, { values: IndexFunction<K>; keys: MultiMap }>;

  constructor(indexes: Readonly<Record<string, IndexFunction<K>>> = {}) {
    this.#indexes = new Map(
      Object.entries(indexes).map(([name, values]) => [name, { values, keys: new MultiMap() }]),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): K | undefined {
    return this.#objects.get(key);
  }

  /** Puts the object under its key and returns the one that was there. */
  set(object: K): K | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    if (old === undefined) this.#namespaces.add(object.metadata.namespace ?? "", key);
    for (const { values, keys } of this.#indexes.values()) {
      const wanted = [...values(object)];
      if (old !== undefined) {
        for (const value of values(old)) if (!wanted.includes(value)) keys.delete(value, key);
      }
      for (const value of wanted) keys.add(value, key);
    }
    return old;
  }

  delete(key: string): K | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    this.#namespaces.delete(old.metadata.namespace ?? "", key);
    for (const { values, keys } of this.#indexes.values()) {
      for (const value of values(old)) keys.delete(value, key);
    }
    return old;
  }

  /** The objects of one namespace, or all. */
  *list(namespace?: string): Generator<K, void, undefined> {
    if (namespace === undefined) yield* this.#objects.values();
    else yield* this.#existing(this.#namespaces.keys(namespace));
  }

  /** The keys of one namespace, or all. */
  keys(namespace?: string): Iterable<string> {
    return namespace === undefined ? this.#objects.keys() : this.#namespaces.keys(namespace);
  }

  /** The objects that an index has under a value. Throws for an index that was not declared. */
  *by(index: string, value: string): Generator<K, void, undefined> {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index "${index}" was declared for this cache`);
    yield* this.#existing(found.keys.keys(value));
  }

  *#existing(keys: Iterable<string>): Generator<K, void, undefined> {
    for (const key of keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) yield object;
    }
  }
}
