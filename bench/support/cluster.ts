import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import { watchResource } from "../../src/client/watch.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { startNode } from "./child.ts";

/** Tens of thousands of objects take a while. */
const DELETION_LIMIT_MS = 10 * 60_000;

/** The API server that is measured against: a real one, or the embedded one in its own process. */
export interface BenchCluster {
  readonly kind: "embedded" | "TEST_KUBECONFIG";
  readonly kubeconfig: string;
  readonly client: Client;
  /** Process of the embedded API server; undefined of another one. */
  readonly serverPid: number | undefined;
}

/** Starts or connects to the cluster and installs the CRDs; all ends with `stack`. */
export async function startCluster(root: string, stack: AsyncDisposableStack): Promise<BenchCluster> {
  const given = process.env["TEST_KUBECONFIG"];
  const started = given === undefined ? await startEmbedded(root, stack) : { kubeconfig: given };
  const { kubeconfig } = started;
  const { transport } = await kubeconfigTransport({ paths: [kubeconfig] });
  stack.defer(() => transport.close());
  const client = createClient(transport);
  await installDefinitions(client);
  const kind = given === undefined ? "embedded" : "TEST_KUBECONFIG";
  return { kind, client, kubeconfig, serverPid: "pid" in started ? started.pid : undefined };
}

async function startEmbedded(
  root: string,
  stack: AsyncDisposableStack,
): Promise<{ kubeconfig: string; pid: number }> {
  const directory = await mkdtemp(join(tmpdir(), "agent-operator-bench-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const server = stack.use(startNode([join(root, "bench", "support", "control-plane.ts"), directory]));
  return { kubeconfig: await server.nextLine(), pid: server.pid };
}

/** A fresh namespace that is deleted, with all in it, when it is disposed of. */
export async function useNamespace(client: Client): Promise<AsyncDisposable & { name: string }> {
  const name = `bench-${randomBytes(4).toString("hex")}`;
  await client.create(namespaces, { metadata: { name } });
  return { name, [Symbol.asyncDispose]: () => removeNamespace(client, name) };
}

async function removeNamespace(client: Client, name: string): Promise<void> {
  try {
    await client.delete(namespaces, { name });
  } catch (error) {
    if (!isApiError(error, "NotFound")) throw error;
  }
  const signal = AbortSignal.timeout(DELETION_LIMIT_MS);
  let exists = false;
  for await (const event of watchResource(client, namespaces, {
    fieldSelector: `metadata.name=${name}`,
    signal,
  })) {
    if (event.kind === "upsert") exists = true;
    if (event.kind === "delete" || (event.kind === "sync" && !exists)) return;
  }
  throw new Error(`namespace ${name} is still there ${DELETION_LIMIT_MS} ms after its deletion`);
}
