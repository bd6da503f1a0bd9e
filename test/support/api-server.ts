import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/client.ts";
import { loadKubeconfig } from "../../src/client/kubeconfig.ts";
import { createHttpsTransport } from "../../src/client/transport-https.ts";
import type { HttpsTransportOptions } from "../../src/client/transport-https.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { createApiServer } from "../../src/devcluster/apiserver/server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** The embedded API server alone, on a socket, with no controllers and no kubelet. */
export interface TestApiServer {
  /** How its administrator reaches it. */
  options: HttpsTransportOptions;
  /** An administrator's client over TLS. */
  client: Client;
  /** A namespace that exists. */
  namespace: string;
}

/** Starts it in memory; it ends with `stack`. */
export async function startTestApiServer(stack: AsyncDisposableStack): Promise<TestApiServer> {
  const directory = stack.use(await temporaryDirectory());
  const server = await createApiServer();
  stack.defer(() => server.close());
  const { adminKubeconfig } = await server.listen();
  const path = join(directory.path, "kubeconfig");
  await writeFile(path, adminKubeconfig, { mode: 0o600 });
  const { options } = await loadKubeconfig({ paths: [path] });
  const transport = createHttpsTransport(options);
  stack.defer(() => transport.close());
  const client = createClient(transport);
  const namespace = "test";
  await client.create(namespaces, { metadata: { name: namespace } });
  return { options, client, namespace };
}
