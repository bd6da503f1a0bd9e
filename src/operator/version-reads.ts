import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";

/** What was taken from the object under `namespace/name`; undefined if it does not exist. Rejects with `ApiError`. */
export type VersionReads<V> = (key: string) => Promise<V | undefined>;

interface Reading<V> {
  /** The object's resourceVersion when it was asked for, and once it is read, the one that was read. */
  version: string | undefined;
  taken: Promise<V | undefined>;
}

/**
 * Knows of objects what a watch of their metadata does not show: the watch says which exist and change, one GET for
 * each version reads it, however many ask at the same time and again. Nothing is kept but what `take` takes.
 */
export function readOncePerVersion<T extends KubeObject, V>(
  client: Pick<Client, "get">,
  cache: Pick<Reflector<T, KubeObject>, "get" | "onChange" | "type">,
  take: (object: T) => V,
): VersionReads<V> {
  const known = new Map<string, Reading<V>>();
  cache.onChange(({ key, new: present }) => {
    if (!present) known.delete(key);
  });

  async function read(key: string, reading: Reading<V>): Promise<V | undefined> {
    const [namespace = "", name = ""] = key.split("/");
    let object: T | undefined;
    try {
      object = await readNow(client, cache.type, { namespace, name });
    } finally {
      if (object === undefined && known.get(key) === reading) known.delete(key);
    }
    if (object === undefined) return undefined;
    reading.version = object.metadata.resourceVersion;
    return take(object);
  }

  return async (key) => {
    const present = cache.get(key);
    if (!present) return undefined;
    const { resourceVersion } = present.metadata;
    const cached = known.get(key);
    if (cached && cached.version === resourceVersion) return cached.taken;
    const reading: Reading<V> = { version: resourceVersion, taken: Promise.resolve(undefined) };
    known.set(key, reading);
    reading.taken = read(key, reading);
    return reading.taken;
  };
}

/** The object as it is now; undefined if it does not exist. */
export async function readNow<T extends KubeObject>(
  client: Pick<Client, "get">,
  type: ResourceType<T>,
  at: { namespace: string; name: string },
): Promise<T | undefined> {
  try {
    return await client.get(type, at);
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}
