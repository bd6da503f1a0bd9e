import type { Client } from "../client/client.ts";

/** The release of the cluster. Rejects with `ApiError`. */
export type KubernetesVersion = () => Promise<{ major: number; minor: number }>;

/** A cluster may be upgraded under an operator that goes on. */
const KEPT_MS = 300_000;

/** Asks the API server, at most once in five minutes unless that fails. */
export function createKubernetesVersion(client: Pick<Client, "getText">): KubernetesVersion {
  let known: { version: ReturnType<KubernetesVersion>; at: number } | undefined;
  return () => {
    const at = performance.now();
    if (known && at - known.at < KEPT_MS) return known.version;
    const version = ask(client);
    known = { version, at };
    version.catch(() => (known = undefined));
    return version;
  };
}

async function ask(client: Pick<Client, "getText">): ReturnType<KubernetesVersion> {
  const { major, minor } = JSON.parse(await client.getText("/version")) as Record<string, unknown>;
  // Some clouds write 29+.
  return { major: Number.parseInt(String(major), 10), minor: Number.parseInt(String(minor), 10) };
}
