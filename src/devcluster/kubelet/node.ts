import { mkdirSync } from "node:fs";
import { availableParallelism, arch, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Client } from "../../client/client.ts";
import { unlessRefused } from "../../client/errors.ts";
import { nodeObject } from "./pods/node.ts";
import { nodes } from "../../kube/cluster-kinds.ts";
import { timestamp } from "../../kube/time.ts";
import { createEventRecorder, type RecordEvent } from "../controllers/events.ts";
import { createHostView, type HostView, type HostViewOptions } from "./host-view.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

export interface NodeOptions extends Omit<HostViewOptions, "hasMounts"> {
  client: Client;
  nodeName: string;
  sandbox: Sandbox;
  /** Set in every container, as a kubelet does for the API server: KUBERNETES_SERVICE_HOST and others. */
  serviceEnv: Readonly<Record<string, string>>;
  /** The directory of a bound claim. */
  claimDirectory(namespace: string, claim: string): string | undefined;
}

/** What all pods of this machine share. */
export interface LocalNode extends Pick<NodeOptions, "client" | "sandbox" | "serviceEnv" | "claimDirectory"> {
  name: string;
  /** Address of the node and, as they share its network, of its pods. */
  ip: string;
  allocatable: Readonly<Record<string, string>>;
  /** Where pods are kept, a directory for each by uid. */
  podsDirectory: string;
  /** Where the roots of containers are laid out. */
  scratchDirectory: string;
  host: HostView;
  recordEvent: RecordEvent;
  /** Bounds how many containers are being started at once. */
  starting: Limiter;
}

/** Containers being started at once: more only makes each of them slower. */
const STARTING_AT_ONCE = 4;

const NODE_IP = "127.0.0.1";

/** How many pods the node takes; its memory and cores are shared by them without reservation. */
const POD_CAPACITY = "1000";

const GO_ARCHITECTURE: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** Looks at this machine; `scratchDirectory` exists. */
export function createLocalNode(options: NodeOptions, scratchDirectory: string): LocalNode {
  const { client, nodeName, directory, sandbox, serviceEnv } = options;
  const podsDirectory = join(directory, "pods");
  mkdirSync(podsDirectory, { recursive: true });
  return {
    client,
    sandbox,
    serviceEnv,
    claimDirectory: (namespace, claim) => options.claimDirectory(namespace, claim),
    name: nodeName,
    ip: NODE_IP,
    allocatable: {
      cpu: String(availableParallelism()),
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      "ephemeral-storage": "100Gi",
      pods: POD_CAPACITY,
    },
    podsDirectory,
    scratchDirectory,
    host: createHostView({ ...options, hasMounts: sandbox.hasMounts }),
    recordEvent: createEventRecorder(client, "kubelet", nodeName),
    starting: createLimiter(STARTING_AT_ONCE),
  };
}

/** Writes the node's object; labels that users added stay. */
export async function registerNode({ client, name, ip, sandbox, allocatable }: LocalNode): Promise<void> {
  const machine = { architecture: GO_ARCHITECTURE[arch()] ?? arch(), kernelVersion: release() };
  const facts = { name, ip, ...machine, capacity: allocatable, sandbox };
  const wanted = nodeObject(facts, timestamp(new Date()));
  const { labels, annotations } = wanted.metadata;
  const created = await unlessRefused(client.create(nodes, wanted), "AlreadyExists");
  if (created === undefined) await client.patch(nodes, { name }, { metadata: { labels, annotations } });
  await client.patch(nodes, { name }, { status: wanted.status }, { subresource: "status" });
}
