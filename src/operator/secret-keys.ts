import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { secrets } from "../kube/builtin.ts";
import type { Caches } from "./caches.ts";

/** Names of a Secret's keys; undefined where it does not exist. Rejects with `ApiError`. */
export type SecretKeys = (namespace: string, name: string) => Promise<readonly string[] | undefined>;

/**
 * Knows the keys of the Secrets that matter: a metadata watch tells which exist and change, one GET
 * for each version tells the keys. Values are dropped as soon as they are read.
 */
export function createSecretKeys(client: Client, caches: Pick<Caches, "secrets">): SecretKeys {
  const known = new Map<string, { version: string | undefined; keys: readonly string[] }>();
  caches.secrets.onChange(({ key, new: present }) => {
    if (!present) known.delete(key);
  });

  return async (namespace, name) => {
    const key = `${namespace}/${name}`;
    const metadata = caches.secrets.get(key)?.metadata;
    if (!metadata) return undefined;
    const cached = known.get(key);
    if (cached && cached.version === metadata.resourceVersion) return cached.keys;
    try {
      const secret = await client.get(secrets, { namespace, name });
      const keys = Object.keys(secret.data ?? {});
      known.set(key, { version: secret.metadata.resourceVersion, keys });
      return keys;
    } catch (error) {
      if (isApiError(error, "NotFound")) return undefined;
      throw error;
    }
  };
}
