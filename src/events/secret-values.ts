import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { secrets, type LocalKeyRef } from "../kube/builtin.ts";
import { createMemory } from "./memory.ts";

/** What a Secret key holds, or what is missing. */
export type SecretValue = { value: string } | { missing: "SecretNotFound" | "KeyNotFound" };

export type ReadSecret = (namespace: string, ref: LocalKeyRef) => Promise<SecretValue>;

/** So long a value counts: as many deliveries as come ask the API server no more often. */
const KEPT_MS = 5_000;

/** Reads values of Secrets, each at most once in five seconds, and keeps them no longer than they are asked for. */
export function createSecretReader(client: Pick<Client, "get">, now: () => number): ReadSecret {
  const remembered = createMemory<SecretValue>({ keptMs: KEPT_MS, now });
  return (namespace, ref) =>
    remembered(`${namespace}/${ref.name}/${ref.key}`, () => read(client, namespace, ref));
}

async function read(
  client: Pick<Client, "get">,
  namespace: string,
  { name, key }: LocalKeyRef,
): Promise<SecretValue> {
  try {
    const { data = {} } = await client.get(secrets, { namespace, name });
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    // An empty secret is none: everybody could sign with it.
    const text = Buffer.from(value ?? "", "base64").toString("utf8");
    return text.trim() === "" ? { missing: "KeyNotFound" } : { value: text };
  } catch (error) {
    if (isApiError(error, "NotFound")) return { missing: "SecretNotFound" };
    throw error;
  }
}
