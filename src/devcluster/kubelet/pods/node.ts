import type { Node } from "../../../kube/cluster-kinds.ts";
import { versionInfo } from "../../version.ts";

/** What a node reports about its machine. */
export interface NodeFacts {
  name: string;
  ip: string;
  /** In Go's words: amd64, arm64, … */
  architecture: string;
  kernelVersion: string;
  /** Amounts by resource: cpu, memory, ephemeral-storage, pods. */
  capacity: Readonly<Record<string, string>>;
  /** How containers are kept apart, in a word and in a sentence. */
  sandbox: { readonly mode: string; readonly description: string };
}

/** The object of a node that is ready. */
export function nodeObject(node: NodeFacts, now: string): Node {
  const { name, architecture } = node;
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
        "devcluster/sandbox": node.sandbox.mode,
        "devcluster/sandbox-description": node.sandbox.description,
      },
    },
    spec: {},
    status: {
      capacity: node.capacity,
      allocatable: node.capacity,
      addresses: [
        { type: "InternalIP", address: node.ip },
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
        kernelVersion: node.kernelVersion,
        containerRuntimeVersion: `processes://${node.sandbox.mode}`,
        kubeletVersion: versionInfo.gitVersion.split("+")[0],
        kubeProxyVersion: "",
        machineID: "",
        systemUUID: "",
        bootID: "",
      },
    },
  };
}
