import { readdirSync } from "node:fs";
import { join } from "node:path";
import { noLog, sinceMsOf } from "../../kube/request/log-options.ts";
import type { PodLogAnswer, PodLogOptions } from "../apiserver/pod-logs.ts";
import type { ContainerLog } from "./container-log.ts";
import { readLog } from "./log-reader.ts";

/** Where the logs of a pod are, and which of them is still written. */
export interface PodLogPlace {
  directory: string;
  live(path: string): ContainerLog | undefined;
  /** Why the container waits, while it has no log. */
  waitingReason(container: string): string | undefined;
}

function attemptsIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** Opens a container's log, or says in the kubelet's words why there is none. */
export function openPodLog(pod: string, place: PodLogPlace, request: PodLogOptions): PodLogAnswer {
  const { container, previous } = request;
  const directory = join(place.directory, container);
  const attempt = attemptsIn(directory).at(previous ? -2 : -1);
  if (attempt === undefined) return { status: noLog(pod, request, place.waitingReason(container)) };
  const path = join(directory, `${attempt}.log`);
  const sinceMs = sinceMsOf(request, Date.now());
  return { chunks: readLog(path, place.live(path), { ...request, sinceMs }) };
}
