import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Status, StatusReason } from "../../kube/status.ts";
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

function refusal(code: number, reason: StatusReason, message: string): { status: Status } {
  return {
    status: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
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
  const { container } = request;
  const directory = join(place.directory, container);
  const attempts = attemptsIn(directory);
  const attempt = request.previous ? attempts.at(-2) : attempts.at(-1);
  if (attempt === undefined) {
    return request.previous
      ? refusal(400, "BadRequest", `previous terminated container "${container}" in pod "${pod}" not found`)
      : refusal(
          400,
          "BadRequest",
          `container "${container}" in pod "${pod}" is waiting to start: ${place.waitingReason(container) ?? "ContainerCreating"}`,
        );
  }
  const path = join(directory, `${attempt}.log`);
  const since =
    request.sinceTime === undefined
      ? request.sinceSeconds && Date.now() - request.sinceSeconds * 1000
      : Date.parse(request.sinceTime);
  const { follow, timestamps, tailLines, limitBytes, signal } = request;
  return {
    chunks: readLog(path, place.live(path), {
      follow,
      timestamps,
      signal,
      ...(since !== undefined && { sinceMs: since }),
      ...(tailLines !== undefined && { tailLines }),
      ...(limitBytes !== undefined && { limitBytes }),
    }),
  };
}
