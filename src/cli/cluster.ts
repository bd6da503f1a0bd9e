import type { Client } from "../client/client.ts";
import { createClient } from "../client/client.ts";
import { kubeconfigTransport } from "../client/kubeconfig.ts";
import type { Config } from "./config.ts";

/** A connection of the calling user's, and the namespace that their command is about. */
export interface UserCluster {
  readonly client: Client;
  readonly namespace: string;
}

/** Carries `work` out against the current context of the user's kubeconfig; the connection ends with it. */
export async function withCluster<Result>(
  values: { namespace: string | undefined },
  config: Config,
  work: (cluster: UserCluster) => Promise<Result>,
): Promise<Result> {
  const { transport, namespace } = await kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
  try {
    return await work({ client: createClient(transport), namespace: values.namespace ?? namespace });
  } finally {
    transport.close();
  }
}
