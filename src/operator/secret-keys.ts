import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { secrets } from "../kube/builtin.ts";
import type { Caches } from "./caches.ts";

/** Names of a Secret's keys; undefined where it does not exist. Rejects with `ApiError`. */
export type SecretKeys = (namespace: string, name: string) => Promise<readonly string[] | undefined>;

interface Reading {
  /** The Secret's resourceVersion when it was asked for, and once it is read, the one that was read. */
  version: string | undefined;
  keys: Promise<readonly string[] | undefined>;
}

/**
 * Knows the keys of the Secrets that matter: a metadata watch tells which exist and change, one GET
 * for each version tells the keys, however many ask at the same time. Values are dropped as soon as
 * they are read.
 */
export function createSecretKeys(client: Client, caches: Pick<Caches, "secrets">): SecretKeys {
  const known = new Map<string, Reading>();
  caches.secrets.onChange(({ key, new: present }) => {
    if (!present) known.delete(key);
  });

  async function read(key: string, reading: Reading): Promise<readonly string[] | undefined> {
    const [namespace = "", name = ""] = key.split("/");
    try {
      const secret = await client.get(secrets, { namespace, name });
      reading.version = secret.metadata.resourceVersion;
      return Object.keys(secret.data ?? {});
    } catch (error) {
      if (known.get(key) === reading) known.delete(key);
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  }

  return async (namespace, name) => {
    const key = `${namespace}/${name}`;
    const metadata = caches.secrets.get(key)?.metadata;
    if (!metadata) return undefined;
    const cached = known.get(key);
    if (cached && cached.version === metadata.resourceVersion) return cached.keys;
    const reading: Reading = { version: metadata.resourceVersion, keys: Promise.resolve(undefined) };
    known.set(key, reading);
    reading.keys = read(key, reading);
    return reading.keys;
  };
}
