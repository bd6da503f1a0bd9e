import { humanDuration } from "../answers/human-time.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";

/** What `kubectl get pods` shows of a pod. Source: printPod in kubernetes pkg/printers/internalversion. */
export function podCells(pod: MutableObject, now: Date): { ready: string; status: string; restarts: string } {
  const status = objectAt(pod, "status");
  const spec = objectAt(pod, "spec");
  const init = summarizeInit(status, objectsAt(spec, "initContainers").length);
  const containers = objectsAt(status, "containerStatuses");
  let reason = textAt(status, "reason") || textAt(status, "phase");
  let shown = init;
  if (init.reason !== undefined) reason = init.reason;
  else {
    const main = summarizeContainers(containers);
    if (main.reason !== undefined) reason = main.reason;
    shown = { ...main, reason: undefined };
  }
  if (metaOf(pod).deletionTimestamp)
    reason = textAt(status, "reason") === "NodeLost" ? "Unknown" : "Terminating";
  const ready = containers.filter((container) => container["ready"] === true).length;
  const ago =
    shown.lastRestart === undefined ? "" : ` (${humanDuration(now.getTime() - shown.lastRestart)} ago)`;
  return {
    ready: `${ready}/${objectsAt(spec, "containers").length}`,
    status: reason,
    restarts: `${shown.restarts}${shown.restarts === 0 ? "" : ago}`,
  };
}

interface Summary {
  reason: string | undefined;
  restarts: number;
  lastRestart: number | undefined;
}

function restartsOf(containers: readonly MutableObject[]): Omit<Summary, "reason"> {
  let restarts = 0;
  let lastRestart: number | undefined;
  for (const container of containers) {
    restarts += Number(container["restartCount"] ?? 0);
    const finished = textAt(objectAt(objectAt(container, "lastState"), "terminated"), "finishedAt");
    if (finished !== "") lastRestart = Math.max(lastRestart ?? 0, new Date(finished).getTime());
  }
  return { restarts, lastRestart };
}

/** `Init:0/1`, `Init:Error` and the like, while init containers are not done. */
function summarizeInit(status: MutableObject, total: number): Summary {
  const containers = objectsAt(status, "initContainerStatuses");
  const counted = restartsOf(containers);
  for (const [index, container] of containers.entries()) {
    const state = objectAt(container, "state");
    const terminated = objectAt(state, "terminated");
    const waiting = objectAt(state, "waiting");
    if (Object.keys(terminated).length > 0) {
      if (terminated["exitCode"] === 0) continue;
      const why = textAt(terminated, "reason") || exitText(terminated);
      return { ...counted, reason: `Init:${why}` };
    }
    const why = textAt(waiting, "reason");
    if (why !== "" && why !== "PodInitializing") return { ...counted, reason: `Init:${why}` };
    return { ...counted, reason: `Init:${index}/${total}` };
  }
  return { ...counted, reason: undefined };
}

function exitText(terminated: MutableObject): string {
  const signal = Number(terminated["signal"] ?? 0);
  return signal === 0 ? `ExitCode:${String(terminated["exitCode"])}` : `Signal:${signal}`;
}

function summarizeContainers(containers: readonly MutableObject[]): Summary {
  let reason: string | undefined;
  let hasRunning = false;
  for (const container of containers.toReversed()) {
    const state = objectAt(container, "state");
    const waiting = textAt(objectAt(state, "waiting"), "reason");
    const terminated = objectAt(state, "terminated");
    if (waiting !== "") reason = waiting;
    else if (Object.keys(terminated).length > 0) {
      reason = textAt(terminated, "reason") || exitText(terminated);
    } else if (container["ready"] === true && "running" in state) hasRunning = true;
  }
  // A finished container beside running ones does not make the pod look finished.
  if (reason === "Completed" && hasRunning) reason = "Running";
  return { ...restartsOf(containers), reason };
}
