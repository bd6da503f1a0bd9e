import { chmodSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { follow } from "../../client/cache/follow.ts";
import type { Reflector } from "../../client/cache/reflector.ts";
import type { Client } from "../../client/client.ts";
import type { Pod } from "../../kube/builtin.ts";
import type { PodLogAnswer, PodLogOptions } from "../apiserver/pod-logs.ts";
import { timestamp } from "../../kube/time.ts";
import { createEventRecorder } from "../controllers/events.ts";
import { createHostView } from "./host-view.ts";
import { removeLeftovers, removeOrphans } from "./leftovers.ts";
import { createLimiter } from "./limiter.ts";
import { createMemoryWatch } from "./memory.ts";
import { nodeCapacity, registerNode } from "./node-object.ts";
import type { LocalNode } from "./node.ts";
import { openPodLog } from "./pod-logs.ts";
import { startPodWorker, type PodWorker } from "./pod-worker.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { createScratch, type Scratch } from "./scratch.ts";

export interface KubeletOptions {
  client: Client;
  /** All pods of the cluster. */
  pods: Reflector<Pod>;
  nodeName: string;
  /** Where pods' files, volumes and logs are kept. */
  directory: string;
  sandbox: Sandbox;
  path: string;
  toolDirectories: readonly string[];
  gitMirrors: Readonly<Record<string, string>>;
  hosts: Readonly<Record<string, string>>;
  hiddenDirectories: readonly string[];
  /** Address of the API server, for KUBERNETES_SERVICE_HOST and _PORT. */
  apiServer: { host: string; port: number };
  claimDirectory(namespace: string, claim: string): string | undefined;
}

export interface Kubelet {
  openLog(namespace: string, pod: string, request: PodLogOptions): PodLogAnswer;
  /** Takes no more pods and ends the containers within `graceSeconds`. */
  stop(graceSeconds: number): Promise<void>;
}

/** Containers being started at once: more only makes each of them slower. */
const STARTING_AT_ONCE = 4;

const NODE_IP = "127.0.0.1";

function createNode(options: KubeletOptions, scratch: Scratch): LocalNode {
  const { client, nodeName, directory, sandbox, apiServer } = options;
  const podsDirectory = join(directory, "pods");
  mkdirSync(podsDirectory, { recursive: true });
  for (const path of [directory, podsDirectory]) chmodSync(path, 0o711);
  const { path, toolDirectories, gitMirrors, hosts, hiddenDirectories: hidden } = options;
  return {
    name: nodeName,
    ip: NODE_IP,
    allocatable: nodeCapacity(),
    podsDirectory,
    scratchDirectory: scratch.path,
    client,
    sandbox,
    host: createHostView({
      path,
      toolDirectories,
      gitMirrors,
      hosts,
      hidden,
      directory,
      hasMounts: sandbox.hasMounts,
    }),
    serviceEnv: {
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
      KUBERNETES_SERVICE_PORT_HTTPS: String(apiServer.port),
    },
    recordEvent: createEventRecorder(client, "kubelet", nodeName),
    starting: createLimiter(STARTING_AT_ONCE),
    memory: createMemoryWatch(),
    claimDirectory: (namespace, claim) => options.claimDirectory(namespace, claim),
  };
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** Runs the pods that are bound to this node. Resolves when the node is registered and pods are taken. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { pods, nodeName } = options;
  mkdirSync(options.directory, { recursive: true });
  const scratch = createScratch(options.directory);
  const node = createNode(options, scratch);
  const workers = new Map<string, PodWorker>();
  const forgetting = new Set<Promise<void>>();
  let isStopping = false;

  const take = (after: Pod | undefined, uid: string): void => {
    const worker = workers.get(uid);
    if (after === undefined) {
      workers.delete(uid);
      if (worker === undefined) {
        if (uid !== "") void rm(join(node.podsDirectory, uid), { recursive: true, force: true });
        return;
      }
      const gone = worker.forget();
      forgetting.add(gone);
      void gone.finally(() => forgetting.delete(gone));
      return;
    }
    if (worker !== undefined) worker.update(after);
    else if (
      after.spec.nodeName === nodeName &&
      !isStopping &&
      (!isOver(after) || after.metadata.deletionTimestamp)
    ) {
      workers.set(uid, startPodWorker(node, after));
    }
  };

  removeLeftovers(node.podsDirectory);
  await Promise.all([
    pods.synced,
    registerNode(options.client, nodeName, NODE_IP, options.sandbox, timestamp(new Date())),
  ]);
  removeOrphans(node.podsDirectory, uidsOf(pods));
  follow(pods, ({ old, new: pod }) => take(pod, (pod ?? old)?.metadata.uid ?? ""));

  return {
    openLog(namespace, name, request) {
      const pod = pods.get(`${namespace}/${name}`);
      const uid = pod?.metadata.uid ?? "";
      const statuses = [
        ...(pod?.status?.initContainerStatuses ?? []),
        ...(pod?.status?.containerStatuses ?? []),
      ];
      return openPodLog(
        name,
        {
          directory: join(node.podsDirectory, uid || "none", "logs"),
          live: (path) => workers.get(uid)?.liveLog(path),
          waitingReason: (container) =>
            statuses.find((one) => one.name === container)?.state?.waiting?.reason,
        },
        request,
      );
    },
    async stop(graceSeconds) {
      isStopping = true;
      await Promise.all([...workers.values()].map((worker) => worker.shutDown(graceSeconds)));
      await Promise.all(forgetting);
      node.memory.stop();
      scratch.remove();
    },
  };
}

function uidsOf(pods: Reflector<Pod>): Set<string> {
  return new Set([...pods.list()].map((pod) => pod.metadata.uid ?? ""));
}
