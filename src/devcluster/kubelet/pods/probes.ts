import type { Container, Pod } from "../../../kube/builtin.ts";
import type { ContainerAction, Probe } from "../../../kube/actions.ts";

/** What a probe decides: whether a container has started, lives, is ready. */
export type ProbeKind = "startup" | "liveness" | "readiness";

export function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  return container[`${kind}Probe`];
}

/** What is true of a container as soon as it runs, before a probe has said anything. */
export function initialHealth(container: Container): { started: boolean; ready: boolean } {
  const started = container.startupProbe === undefined;
  return { started, ready: started && container.readinessProbe === undefined };
}

/** How often in a row a probe has said the same. */
export interface ProbeRun {
  succeeded: boolean;
  times: number;
}

/** The run with one more result. */
export function nextRun(run: ProbeRun | undefined, succeeded: boolean): ProbeRun {
  return { succeeded, times: run?.succeeded === succeeded ? run.times + 1 : 1 };
}

/** What the probe says after this run; undefined while that is too short to say anything new. */
export function verdictOf(probe: Probe, { succeeded, times }: ProbeRun): boolean | undefined {
  const { successThreshold = 1, failureThreshold = 3 } = probe;
  return times >= (succeeded ? successThreshold : failureThreshold) ? succeeded : undefined;
}

/** When a probe is made and how long it may take, in milliseconds. Source: SetDefaults_Probe. */
export function probeTimes(probe: Probe): { delayMs: number; periodMs: number; timeoutMs: number } {
  const { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1 } = probe;
  return {
    delayMs: initialDelaySeconds * 1000,
    periodMs: periodSeconds * 1000,
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** The number of a port that an action names. Throws if the container has no port of that name. */
export function portOf(container: Container, port: string | number): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named === undefined) throw new Error(`couldn't find port: ${port}`);
  return named;
}

function actionsOf({ lifecycle, startupProbe, livenessProbe, readinessProbe }: Container): ContainerAction[] {
  const all = [lifecycle?.postStart, lifecycle?.preStop, startupProbe, livenessProbe, readinessProbe];
  return all.filter((action) => action !== undefined);
}

/** Whether commands are to be run in the container beside its own. */
export function runsCommandsBeside(container: Container): boolean {
  return actionsOf(container).some(({ exec }) => exec !== undefined);
}

/** What of a pod a node that runs containers as processes does not do, by path. */
export function unsupportedParts({ spec }: Pod): string[] {
  const lists = { containers: spec.containers, initContainers: spec.initContainers ?? [] };
  return Object.entries(lists).flatMap(([list, containers]) =>
    containers.flatMap((container, index) => [
      ...(actionsOf(container).some(({ grpc }) => grpc) ? [`spec.${list}[${index}]: gRPC probes`] : []),
      ...(container.lifecycle?.stopSignal ? [`spec.${list}[${index}].lifecycle.stopSignal`] : []),
    ]),
  );
}
