import type { Client } from "../client/client.ts";
import { createClient } from "../client/client.ts";
import { kubeconfigTransport } from "../client/kubeconfig.ts";
import type { Transport } from "../client/transport.ts";
import type { CommandContext } from "./context.ts";

/** What every command about runs takes, as kubectl does. */
export interface ConnectionValues {
  readonly namespace: string | undefined;
  readonly context: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly as: string | undefined;
}

/** A connection of the calling user's, and the namespace that their command is about. */
export interface UserCluster {
  readonly client: Client;
  readonly namespace: string;
  /** The context's own, which needs no option. */
  readonly defaultNamespace: string;
  /** `https://…`, for people. */
  readonly server: string;
  /** The name of the kubeconfig's context. */
  readonly context: string;
  /** What the client sends by. */
  readonly transport: Transport;
}

/** Carries `work` out against the chosen context of the user's kubeconfig; the connection ends with it. */
export async function withCluster<Result>(
  values: ConnectionValues,
  { config }: Pick<CommandContext, "config">,
  work: (cluster: UserCluster) => Promise<Result>,
): Promise<Result> {
  const { transport, namespace, server, context } = await kubeconfigTransport({
    paths: values.kubeconfig === undefined ? [...config.kubeconfigPaths] : [values.kubeconfig],
    ...(values.context === undefined ? {} : { context: values.context }),
    ...(values.as === undefined ? {} : { as: { user: values.as } }),
    environment: config.environment,
  });
  try {
    const client = createClient(transport, { fieldManager: "agent-operator-cli" });
    return await work({
      client,
      namespace: values.namespace ?? namespace,
      defaultNamespace: namespace,
      server,
      context,
      transport,
    });
  } finally {
    transport.close();
  }
}

/** Options that lead the next command to the same place. */
export function sameCluster(values: ConnectionValues): string {
  const given = (["namespace", "context", "kubeconfig", "as"] as const).flatMap((name) =>
    values[name] === undefined ? [] : [name === "namespace" ? "-n" : `--${name}`, shellWord(values[name])],
  );
  return given.map((word) => ` ${word}`).join("");
}

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
