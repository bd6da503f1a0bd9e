import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Pod } from "../../kube/builtin.ts";
import { noLog, sinceMsOf } from "../apiserver/request/log-options.ts";
import type { PodLogAnswer, PodLogOptions } from "../apiserver/pod-logs.ts";
import type { ContainerLog } from "./container-log.ts";
import { readLog } from "./log-reader.ts";

function attemptsIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/**
 * Opens the log of a pod's container, or says in the kubelet's words why there is none. `live` knows the
 * logs that are still being written, by path.
 */
export function openPodLog(
  podsDirectory: string,
  name: string,
  pod: Pod | undefined,
  live: (path: string) => ContainerLog | undefined,
  request: PodLogOptions,
): PodLogAnswer {
  const directory = join(podsDirectory, pod?.metadata.uid ?? "none", "logs", request.container);
  const attempt = attemptsIn(directory).at(request.previous ? -2 : -1);
  if (attempt === undefined) return { status: noLog(name, pod, request) };
  const path = join(directory, `${attempt}.log`);
  const sinceMs = sinceMsOf(request, Date.now());
  return { chunks: readLog(path, live(path), { ...request, sinceMs }) };
}
