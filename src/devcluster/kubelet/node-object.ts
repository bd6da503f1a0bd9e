import { availableParallelism, arch, release, totalmem } from "node:os";
import type { Client } from "../../client/client.ts";
import { unlessRefused } from "../../client/errors.ts";
import { nodeObject, nodes } from "../../kube/pods/node.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** How many pods the node takes; its memory and cores are shared by them without reservation. */
const POD_CAPACITY = "1000";

const GO_ARCHITECTURE: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** What containers may use of this machine. */
export function nodeCapacity(): Record<string, string> {
  return {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    "ephemeral-storage": "100Gi",
    pods: POD_CAPACITY,
  };
}

/** Writes the node's object; labels that users added stay. */
export async function registerNode(
  client: Client,
  name: string,
  ip: string,
  sandbox: Sandbox,
  now: string,
): Promise<void> {
  const architecture = GO_ARCHITECTURE[arch()] ?? arch();
  const capacity = nodeCapacity();
  const wanted = nodeObject({ name, ip, architecture, kernelVersion: release(), capacity, sandbox }, now);
  const created = await unlessRefused(client.create(nodes, wanted), "AlreadyExists");
  if (created === undefined) {
    const { labels, annotations } = wanted.metadata;
    await client.patch(nodes, { name }, { metadata: { labels, annotations } });
  }
  await client.patch(nodes, { name }, { status: wanted.status }, { subresource: "status" });
}
