import { availableParallelism, arch, release, totalmem } from "node:os";
import type { Client } from "../../client/client.ts";
import { isApiError } from "../../client/errors.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { resourceType } from "../../kube/resources.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean };
  status?: Record<string, unknown>;
}

export const nodes = resourceType<Node>("", "v1", "nodes", "Node", false);

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

function nodeObject(name: string, ip: string, sandbox: Sandbox, now: string): Node {
  const architecture = GO_ARCHITECTURE[arch()] ?? arch();
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "node-role.kubernetes.io/control-plane": "",
      },
      annotations: {
        "devcluster/sandbox": sandbox.mode,
        "devcluster/sandbox-description": sandbox.description,
      },
    },
    spec: {},
    status: {
      capacity: nodeCapacity(),
      allocatable: nodeCapacity(),
      addresses: [
        { type: "InternalIP", address: ip },
        { type: "Hostname", address: name },
      ],
      conditions: [
        condition(
          "MemoryPressure",
          "False",
          "KubeletHasSufficientMemory",
          "kubelet has sufficient memory available",
        ),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
      ],
      nodeInfo: {
        architecture,
        operatingSystem: "linux",
        osImage: "this machine",
        kernelVersion: release(),
        containerRuntimeVersion: `processes://${sandbox.mode}`,
        kubeletVersion: "v1.36.2",
        kubeProxyVersion: "",
        machineID: "",
        systemUUID: "",
        bootID: "",
      },
    },
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
  const wanted = nodeObject(name, ip, sandbox, now);
  try {
    await client.create(nodes, wanted);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    const { labels, annotations } = wanted.metadata;
    await client.patch(nodes, { name }, { metadata: { labels, annotations } });
  }
  await client.patch(nodes, { name }, { status: wanted.status }, { subresource: "status" });
}
