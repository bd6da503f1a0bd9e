import type { Client } from "../client/client.ts";
import type { Caches } from "./caches.ts";
import { readOncePerVersion } from "./version-reads.ts";

/** Names of a Secret's keys; undefined if it does not exist. Rejects with `ApiError`. */
export type SecretKeys = (namespace: string, name: string) => Promise<readonly string[] | undefined>;

/** Knows the keys of the Secrets that matter. Values are dropped as soon as they are read. */
export function createSecretKeys(client: Client, caches: Pick<Caches, "secrets">): SecretKeys {
  const keys = readOncePerVersion(client, caches.secrets, ({ data }) => Object.keys(data ?? {}));
  return (namespace, name) => keys(`${namespace}/${name}`);
}
