import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Authority, HttpsTransportOptions } from "./transport-https.ts";

/** Where Kubernetes mounts a pod's ServiceAccount credentials. */
export const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InCluster {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, as the kubelet gives them to every pod. */
  host: string;
  port: string;
  directory?: string;
  /** How long a token is used before its file is read again; it rotates well before it expires. */
  tokenRereadMs?: number;
}

/**
 * The API server as a pod sees it: the ServiceAccount's token, re-read as it rotates, and the
 * cluster's certificate authority. Rejects, naming the file, if one cannot be read.
 */
export async function inClusterOptions(
  where: InCluster,
): Promise<{ options: HttpsTransportOptions; namespace: string }> {
  const directory = where.directory ?? SERVICE_ACCOUNT_DIR;
  const host = where.host.includes(":") ? `[${where.host}]` : where.host;
  const authority = rotatingToken(join(directory, "token"), where.tokenRereadMs ?? 60_000);
  // Fails here, with the file's name, rather than at the first request.
  await authority();
  return {
    options: {
      server: `https://${host}:${where.port}`,
      ca: await readMounted(join(directory, "ca.crt")),
      authority,
    },
    namespace: (await readMounted(join(directory, "namespace"))).trim(),
  };
}

/**
 * An authority that sends the bearer token in `file`, which is read again as it rotates or is refused. What cannot be
 * read again leaves the last good one, at first `fallback`: the value of an Authorization header.
 */
export function rotatingToken(
  file: string,
  rereadMs: number,
  fallback?: string,
): (refused?: Authority) => Promise<Authority> {
  let current: Authority | undefined = fallback === undefined ? undefined : bearing(fallback);
  let readAt = -Infinity;
  return async (refused) => {
    const isFresh = performance.now() - readAt < rereadMs && current !== refused;
    if (current !== undefined && isFresh) return current;
    readAt = performance.now();
    try {
      const authorization = `Bearer ${(await readMounted(file)).trim()}`;
      if (current?.headers?.["authorization"] !== authorization) current = bearing(authorization);
    } catch (error) {
      if (current === undefined) throw error;
    }
    return current;
  };
}

function bearing(authorization: string): Authority {
  return { headers: { authorization } };
}

async function readMounted(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(
      `cannot read ${file}: is this a pod with automountServiceAccountToken? Outside a cluster, set KUBECONFIG`,
      { cause: error },
    );
  }
}
