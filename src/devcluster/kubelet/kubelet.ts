import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { follow } from "../../client/cache/follow.ts";
import type { Reflector } from "../../client/cache/reflector.ts";
import type { Pod } from "../../kube/builtin.ts";
import { isUsing } from "../../kube/storage-classes.ts";
import { isDeleting } from "../../kube/objects.ts";
import { failure, notServed } from "../apiserver/answers/status-error.ts";
import type { OpenExec } from "../apiserver/pod-session.ts";
import type { PodLogAnswer, PodLogOptions } from "../apiserver/pod-logs.ts";
import { removeLeftovers, removeOrphans } from "./leftovers.ts";
import { createLocalNode, registerNode, type NodeOptions } from "./node.ts";
import { openPodLog } from "./pod-logs.ts";
import { startPodWorker, type PodWorker } from "./pod-worker.ts";
import { createScratch } from "./scratch.ts";

/** `directory` is where pods' files, volumes and logs are kept. */
export interface KubeletOptions extends NodeOptions {
  /** All pods of the cluster. */
  pods: Reflector<Pod>;
}

export interface Kubelet {
  openLog(namespace: string, pod: string, request: PodLogOptions): PodLogAnswer;
  openExec(...request: Parameters<OpenExec>): Awaited<ReturnType<OpenExec>>;
  /** Takes no more pods and ends the containers within `graceSeconds`. */
  stop(graceSeconds: number): Promise<void>;
}

/** Runs the pods that are bound to this node. Resolves when the node is registered and pods are taken. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { pods, nodeName } = options;
  mkdirSync(options.directory, { recursive: true });
  const scratch = createScratch(options.directory);
  const node = createLocalNode(options, scratch.path);
  const workers = new Map<string, PodWorker>();
  const forgetting = new Set<Promise<void>>();
  let isStopping = false;

  const take = (pod: Pod, uid: string): void => {
    const isOurs = pod.spec.nodeName === nodeName && (isUsing(pod) || isDeleting(pod));
    const worker = workers.get(uid);
    if (worker !== undefined) worker.update(pod);
    else if (isOurs && !isStopping) workers.set(uid, startPodWorker(node, pod));
  };
  const forget = (uid: string): void => {
    const directory = join(node.podsDirectory, uid);
    const gone = workers.get(uid)?.forget() ?? rm(directory, { recursive: true, force: true });
    workers.delete(uid);
    forgetting.add(gone);
    void gone.catch(() => undefined).finally(() => forgetting.delete(gone));
  };

  removeLeftovers(node.podsDirectory);
  await Promise.all([pods.synced, registerNode(node)]);
  removeOrphans(node.podsDirectory, new Set([...pods.list()].map(({ metadata }) => metadata.uid ?? "")));
  follow(pods, ({ old, new: pod }) => {
    const uid = (pod ?? old)?.metadata.uid;
    if (uid === undefined) return;
    if (pod === undefined) forget(uid);
    else take(pod, uid);
  });

  return {
    openLog(namespace, name, request) {
      const pod = pods.get(`${namespace}/${name}`);
      const live = (path: string) => workers.get(pod?.metadata.uid ?? "")?.liveLog(path);
      return openPodLog(node.podsDirectory, name, pod, live, request);
    },
    openExec(namespace, name, { container, command }) {
      const uid = pods.get(`${namespace}/${name}`)?.metadata.uid ?? "";
      const run = workers.get(uid)?.runOf(container);
      if (run === undefined) return failure(404, "NotFound", `container not found ("${container}")`);
      return run.open(command) ?? notServed(`pods/exec in a sandbox of the kind ${node.sandbox.mode}`);
    },
    async stop(graceSeconds) {
      isStopping = true;
      await Promise.all([...workers.values()].map((worker) => worker.shutDown(graceSeconds)));
      await Promise.allSettled(forgetting);
      scratch.remove();
    },
  };
}
