import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** All that this program takes from its environment, read once at its start. */
export interface Config {
  /** Holds config/; in a checkout, node_modules/ and package.json too. */
  readonly packageRoot: string;
  /** For programs that are started on behalf of the user, and for proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly temporaryDirectory: string;
  readonly homeDirectory: string;
  /** What is fetched once for the user, such as agents, is kept here. */
  readonly cacheDirectory: string;
  /** Search path for programs. */
  readonly path: string;
  /** A variable of a model service, its key or address, for `run --local` and `demo --live`; undefined: it is not set. */
  modelVariable(name: string): string | undefined;
  /** Set inside a pod: the operator then uses its ServiceAccount. */
  readonly inCluster: { readonly host: string; readonly port: string } | undefined;
  /** The kubeconfig files to merge, in order, as kubectl finds them. */
  readonly kubeconfigPaths: readonly string[];
  /** The namespace that the operator's pod runs in; its Lease lives there. */
  readonly podNamespace: string | undefined;
  readonly podName: string | undefined;
  readonly noColor: boolean;
  /** Whether a mistake in this program is shown with its stack. */
  readonly debug: boolean;
}

/** Reads the environment. The only place that does. */
export function readConfig(packageRoot: string, env: NodeJS.ProcessEnv = process.env): Config {
  const home = env["HOME"] ?? homedir();
  const host = env["KUBERNETES_SERVICE_HOST"];
  return {
    packageRoot,
    environment: env,
    workingDirectory: process.cwd(),
    temporaryDirectory: tmpdir(),
    homeDirectory: home,
    cacheDirectory: join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "agent-operator"),
    path: env["PATH"] ?? "",
    modelVariable: (name) => env[name] || undefined,
    inCluster: host ? { host, port: env["KUBERNETES_SERVICE_PORT"] ?? "443" } : undefined,
    kubeconfigPaths: (env["KUBECONFIG"] || join(home, ".kube", "config")).split(":").filter(Boolean),
    podNamespace: env["POD_NAMESPACE"] || undefined,
    podName: env["POD_NAME"] || undefined,
    noColor: (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb",
    debug: (env["AGENT_OPERATOR_DEBUG"] ?? "") !== "",
  };
}
