import type { Client } from "../client.ts";
import type { ApiError } from "../errors.ts";
import { watchResource } from "../watch.ts";
import type { WatchEvent, WatchOptions } from "../watch.ts";
import { keyOf } from "../../kube/objects.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import { labelsMatch, type LabelSelector } from "../../kube/selectors.ts";
import { OwnWrites } from "./own-writes.ts";
import { covers, createScopes, selectorOf, type Scope } from "./scope.ts";
import { IndexedStore } from "./store.ts";
import type { IndexFunction } from "./store.ts";

/** One change of a cache. `old` is undefined for a new object, `new` for one that is gone. */
export interface Change<K> {
  key: string;
  old: K | undefined;
  new: K | undefined;
  /** What the writer passed to `put`; undefined for what the watch reported. */
  origin: unknown;
}

/** Where a reflector says what went wrong: `fields` become members of a structured line. */
type Say = (fields: Record<string, unknown>, message: string) => void;

/** Told what a reflector's watches do; `resource` is the plural name. */
export interface ReflectorObserver {
  event(resource: string, kind: WatchEvent<KubeObject>["kind"]): void;
  /** A list or watch broke; `reason` is the server's, else `NoAnswer`. */
  disconnected(resource: string, reason: string): void;
}

export interface ReflectorOptions<T extends KubeObject, K extends KubeObject> {
  client: Pick<Client, "list" | "getStream">;
  type: ResourceType<T>;
  /** Watch these namespaces only, each with its own watch; undefined or empty: the whole cluster. */
  namespaces?: readonly string[];
  /** Watch the objects of these names only, each with its own watch, as a role with `resourceNames` allows. */
  names?: readonly string[];
  watch?: Omit<WatchOptions<T>, "signal" | "namespace">;
  /** What is kept of an object. It may change the object it gets, which nobody else holds. */
  project: (object: T) => K;
  indexes?: Readonly<Record<string, IndexFunction<K>>>;
  log: { info: Say; warn: Say; error: Say };
  observer?: ReflectorObserver;
}

/** A cache of whatever resource, for what is done to all caches alike. */
export interface AnyReflector {
  readonly type: ResourceType;
  readonly synced: Promise<void>;
  readonly hasSynced: boolean;
  readonly size: number;
  start(): void;
  stop(): Promise<void>;
  problem(): string | undefined;
  put(object: KubeObject, origin?: unknown): void;
}

/** A broken watch is no news before it lasts this long. */
const PATIENCE_MS = 30_000;

/** Drops what only the server needs. The default projection of `createReflector`. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  // Not `delete`: it would turn the object into a slow and larger dictionary.
  object.metadata.managedFields = undefined;
  return object;
}

/** Finds objects by the uid of each of their owners: `indexes: { owner: byOwnerUid }`. */
export function byOwnerUid(object: KubeObject): string[] {
  return object.metadata.ownerReferences?.map((owner) => owner.uid) ?? [];
}

/** A cache that keeps whole objects, without their managedFields. */
export function createReflector<T extends KubeObject>(
  options: Omit<ReflectorOptions<T, T>, "project">,
): Reflector<T, T> {
  return new Reflector({ ...options, project: withoutManagedFields<T> });
}

/** A cache that keeps what `project` makes of each object. */
export function createProjectedReflector<T extends KubeObject, K extends KubeObject>(
  options: ReflectorOptions<T, K>,
): Reflector<T, K> {
  return new Reflector(options);
}

/**
 * A cache of one resource, fed by list and watch. Own writes go in by `put`, so that a reader sees
 * them at once: they count until the watch has passed their resourceVersion.
 */
export class Reflector<T extends KubeObject, K extends KubeObject = T> implements AnyReflector {
  readonly type: ResourceType<T>;
  /** Resolves when everything that existed at the start is in the cache. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T, K>;
  readonly #selector: LabelSelector;
  readonly #store: IndexedStore<K>;
  readonly #scopes: Scope[];
  readonly #listeners = new Set<(change: Change<K>) => void>();
  readonly #stop = new AbortController();
  readonly #resolveSynced: () => void;
  #following: Promise<void>[] | undefined;

  constructor(options: ReflectorOptions<T, K>) {
    this.#options = options;
    this.type = options.type;
    this.#selector = selectorOf(options.watch?.labelSelector);
    this.#store = new IndexedStore(options.indexes);
    this.#scopes = createScopes(options.namespaces, options.names);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
  }

  get hasSynced(): boolean {
    return this.#scopes.every((scope) => scope.synced);
  }

  get size(): number {
    return this.#store.size;
  }

  /** The object under `namespace/name`, or `name` if it is cluster-scoped. Not to be changed. */
  get(key: string): K | undefined {
    return this.#store.get(key);
  }

  /** The objects of one namespace, or all; in no order. */
  list(namespace?: string): Iterable<K> {
    return this.#store.list(namespace);
  }

  keys(namespace?: string): Iterable<string> {
    return this.#store.keys(namespace);
  }

  /** The objects under `value` in the index of this name. */
  by(index: string, value: string): Iterable<K> {
    return this.#store.by(index, value);
  }

  /** Calls `listener` after each change, in the same tick. Returns how to stop that. */
  onChange(listener: (change: Change<K>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to list and watch. */
  start(): void {
    this.#following ??= this.#scopes.map((scope) => this.#follow(scope));
  }

  /** Ends the watches; the cache keeps what it has. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#following ?? []);
  }

  /** What keeps this cache from being trusted, for readiness; undefined when all is well. */
  problem(): string | undefined {
    for (const { synced, broken } of this.#scopes) {
      const why = broken === undefined ? "" : `: ${broken.failure.message}`;
      if (!synced) return `${this.type.plural}: not listed yet${why}`;
      const brokenMs = broken === undefined ? 0 : performance.now() - broken.since;
      if (brokenMs > PATIENCE_MS)
        return `${this.type.plural}: no watch for ${Math.round(brokenMs / 1_000)} s${why}`;
    }
    return undefined;
  }

  /**
   * Takes in an object as a write has returned it, unless the watch already reported as much or more, or never will:
   * a cache of some of the objects keeps none of the others.
   * `origin` comes back in the change; OwnWrites remember the write besides.
   */
  put(object: T, origin?: unknown): void {
    const { resourceVersion = "", labels } = object.metadata;
    if (origin instanceof OwnWrites) origin.add(resourceVersion);
    if (!labelsMatch(this.#selector, labels)) return;
    const scope = this.#scopes.find((each) => covers(each, object.metadata));
    if (scope?.position.takePut(keyOf(object), resourceVersion)) this.#upsert(object, origin);
  }

  async #follow(scope: Scope): Promise<void> {
    const { client, type, watch, observer, log } = this.#options;
    const { namespace, name } = scope;
    const events = watchResource(client, type, {
      ...watch,
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }),
      signal: this.#stop.signal,
    });
    for await (const event of events) {
      observer?.event(type.plural, event.kind);
      try {
        this.#apply(scope, event);
      } catch (error) {
        // One object that a projection or an index cannot bear must not end the watch for the others.
        log.error({ resource: type.plural, error }, "an object could not be taken into the cache");
      }
    }
  }

  #apply(scope: Scope, event: WatchEvent<T>): void {
    switch (event.kind) {
      case "listing":
        scope.position.beginList();
        return;
      case "upsert":
        this.#take(scope, event.object);
        return;
      case "delete": {
        const key = keyOf(event.object);
        if (scope.position.takeDelete(key, event.object.metadata.resourceVersion ?? "")) this.#remove(key);
        return;
      }
      case "sync":
        this.#removeAll(scope.position.endList(event.resourceVersion, this.#keysOf(scope)));
        scope.synced = true;
        if (this.hasSynced) this.#resolveSynced();
        return;
      case "bookmark":
        this.#removeAll(scope.position.takeBookmark(event.resourceVersion));
        return;
      case "connected":
        scope.broken = undefined;
        return;
      case "disconnected":
        this.#noteBroken(scope, event.error, event.retryInMs);
        return;
      case "malformed":
        this.#noteUnreadable(scope, event.key, event.message);
    }
  }

  /** What the cache holds of the part that this watch reports. */
  *#keysOf(scope: Scope): Generator<string> {
    for (const key of this.#store.keys(scope.namespace)) {
      const metadata = this.#store.get(key)?.metadata;
      if (metadata !== undefined && covers(scope, metadata)) yield key;
    }
  }

  #take(scope: Scope, object: T): void {
    const { resourceVersion = "", uid } = object.metadata;
    const key = keyOf(object);
    if (!scope.position.takeUpsert(key, resourceVersion)) return;
    const known = this.#store.get(key)?.metadata;
    if (known?.resourceVersion !== resourceVersion || known.uid !== uid) this.#upsert(object, undefined);
  }

  #noteUnreadable(scope: Scope, key: string | undefined, problem: string): void {
    if (key !== undefined) scope.position.takeUnreadable(key);
    this.#options.log.error(
      { resource: this.type.plural, key, problem },
      "an object cannot be read; it is left as it was last known",
    );
  }

  #noteBroken(scope: Scope, failure: ApiError, retryInMs: number): void {
    const before = scope.broken;
    const now = performance.now();
    const { plural } = this.type;
    this.#options.observer?.disconnected(plural, failure.reason === "" ? "NoAnswer" : failure.reason);
    // It is tried every few seconds: the same is said again only now and then.
    const isNews = before?.failure.code !== failure.code || now - before.saidAt > PATIENCE_MS;
    scope.broken = { since: before?.since ?? now, failure, saidAt: isNews ? now : before.saidAt };
    if (!isNews) return;
    const level = failure.code === 410 || failure.code === 0 ? "info" : "warn";
    this.#options.log[level](
      { resource: plural, retryInMs: Math.round(retryInMs), error: failure },
      "the watch broke and is resumed",
    );
  }

  #upsert(object: T, origin: unknown): void {
    const kept = this.#options.project(object);
    const old = this.#store.set(kept);
    this.#notify({ key: keyOf(kept), old, new: kept, origin });
  }

  #removeAll(keys: string[]): void {
    for (const key of keys) this.#remove(key);
  }

  #remove(key: string): void {
    const old = this.#store.delete(key);
    if (old !== undefined) this.#notify({ key, old, new: undefined, origin: undefined });
  }

  #notify(change: Change<K>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#options.log.error(
          { resource: this.type.plural, key: change.key, error },
          "a listener failed on a change",
        );
      }
    }
  }
}
