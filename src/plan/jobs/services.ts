import type { ContainerStatus, Pod } from "../../kube/builtin.ts";
import { timeOf } from "../../kube/time.ts";
import { serviceOf } from "../specs/names.ts";
import { READY_SECONDS } from "../specs/services.ts";
import { SLOW_START_MS } from "./job-state.ts";
import { agentStartedAt, agentTermination, hasBegun, stepStartedAt, type Terminated } from "./pod-state.ts";
import type { StartProblem } from "./start-problem.ts";

/** Starts after which a service that ends is given up. */
const STARTS = 3;
/** For the node, which ends a service that is not ready in time. */
const MARGIN_SECONDS = 30;

/** What holds a pod up of whose services one is not ready. */
export function serviceProblem(pod: Pod, now: number): StartProblem | undefined {
  if (hasBegun(pod)) return undefined;
  const services = servicesOf(pod);
  const index = services.findIndex(({ started }) => started !== true);
  const status = services[index];
  if (!status) return undefined;
  const sinceMs = now - stepStartedAt(pod, now);
  const leftMs = (index + 1) * (READY_SECONDS + MARGIN_SECONDS) * 1000 - sinceMs;
  const end = status.state?.terminated ?? status.lastState?.terminated;
  if (!end) {
    if (!status.state?.running || sinceMs < SLOW_START_MS) return undefined;
    const name = `service ${serviceOf(status)}`;
    const message = `${name} did not become ready within ${READY_SECONDS} s`;
    return notReady(`${name} is not ready yet`, leftMs, { reason: "ServiceFailed", message });
  }
  const message = `${describeEnd(status, end)} before it was ready${lastLines(end)}`;
  const isTaken = /address already in use|EADDRINUSE/i.test(end.message ?? "");
  const ending = { reason: isTaken ? "PortTaken" : "ServiceFailed", message } as const;
  const ends = status.restartCount + (status.state?.running ? 0 : 1);
  return notReady(message, ends >= STARTS ? 0 : leftMs, ending);
}

function notReady(
  message: string,
  leftMs: number,
  ending: { reason: "ServiceFailed" | "PortTaken"; message: string },
): StartProblem {
  return {
    reason: "ServiceNotReady",
    message,
    fails: { afterMs: Math.max(0, leftMs), ending: { phase: "Failed", ...ending } },
  };
}

/** The services that ended while the agent was at work, for the end of the run's message; else nothing. */
export function deadServices(pod: Pod): string {
  const from = timeOf(agentStartedAt(pod), Number.POSITIVE_INFINITY);
  const to = timeOf(agentTermination(pod)?.finishedAt, Number.POSITIVE_INFINITY);
  const dead = servicesOf(pod).flatMap((status) => {
    // What the node ends itself when the agent has ended is over later, or in the same second.
    const ends = [status.lastState?.terminated, status.state?.terminated].filter((end) => {
      const at = timeOf(end?.finishedAt, 0);
      return at >= from && at < to;
    });
    return ends[0] ? [`${describeEnd(status, ends[0])} while the agent was at work`] : [];
  });
  return dead.map((text) => `; ${text}`).join("");
}

function servicesOf(pod: Pod): ContainerStatus[] {
  return pod.status?.initContainerStatuses?.filter((status) => serviceOf(status) !== undefined) ?? [];
}

function describeEnd(status: ContainerStatus, { exitCode, reason }: Terminated): string {
  const why = reason === undefined || reason === "Error" || reason === "Completed" ? "" : ` (${reason})`;
  return `service ${serviceOf(status)} ended with exit code ${exitCode}${why}`;
}

function lastLines({ message = "" }: Terminated): string {
  return message.trim() === "" ? "" : `; its last lines: ${message.trim()}`;
}
