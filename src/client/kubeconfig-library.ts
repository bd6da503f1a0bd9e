import type { RequestOptions } from "node:https";
import type { Authority } from "./transport-https.ts";

/**
 * Credentials that need a program, a refresh or a proxy, by way of @kubernetes/client-node. The
 * library is imported here, at the first call, because the import alone takes up to a second.
 */
export async function libraryAuthority(
  cluster: Record<string, unknown>,
  userName: string,
  user: Record<string, unknown>,
): Promise<() => Promise<Authority>> {
  const { KubeConfig } = await loadLibrary();
  const config = new KubeConfig();
  // JSON is YAML, so the library reads its own format.
  config.loadFromString(
    JSON.stringify({
      clusters: [{ name: "cluster", cluster }],
      users: [{ name: userName || "user", user }],
      contexts: [{ name: "context", context: { cluster: "cluster", user: userName || "user" } }],
      "current-context": "context",
    }),
  );
  const throughProxy = typeof cluster["proxy-url"] === "string" && cluster["proxy-url"] !== "";
  const ask = async (): Promise<Authority> => {
    const options: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return authorityOf(options, throughProxy);
  };
  let asking: Promise<Authority> | undefined;
  return () => {
    // Requests that start together share one run of an exec plugin.
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  };
}

async function loadLibrary(): Promise<typeof import("@kubernetes/client-node")> {
  try {
    return await import("@kubernetes/client-node");
  } catch (cause) {
    throw new Error(
      "this kubeconfig has an exec plugin, an auth provider or a proxy, which needs the package @kubernetes/client-node; the operator's image leaves it out: use a checkout after npm ci, or a token or certificate",
      { cause },
    );
  }
}

function authorityOf(options: RequestOptions, throughProxy: boolean): Authority {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value;
  }
  if (typeof options.auth === "string")
    headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  if (throughProxy && typeof options.agent === "object") return { headers, agent: options.agent };
  if (options.cert === undefined || options.key === undefined) return { headers };
  return { headers, certificate: { cert: String(options.cert), key: String(options.key) } };
}
