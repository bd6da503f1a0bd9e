import type { Probe } from "../../kube/actions.ts";
import { isRestarted, restartPolicyOf } from "./pods/restarts.ts";
import {
  initialHealth,
  nextRun,
  probeOf,
  probeTimes,
  verdictOf,
  type ProbeKind,
  type ProbeRun,
} from "./pods/probes.ts";
import type { ContainerRecord } from "./pods/status.ts";
import { takeAction, type ActionPlace } from "./container-action.ts";
import type { ContainerRun } from "./container-run.ts";
import { pause, type PodContext } from "./pod-context.ts";

const TITLES = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" } as const;
const DEFAULT_GRACE_SECONDS = 30;
/** A postStart hook may take as long as it likes. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/** Ends a container that runs: its preStop hook first, then as its pod's grace period allows. */
export function stopContainer(
  context: PodContext,
  record: ContainerRecord,
  run: ContainerRun,
  graceSeconds: number,
  why = `Stopping container ${record.container.name}`,
): void {
  const { container } = record;
  const hook = container.lifecycle?.preStop;
  context.recordEvent(record, "Normal", "Killing", why);
  const beforehand = async (timeoutMs: number): Promise<void> => {
    if (hook === undefined) return;
    const problem = await takeAction(placeOf(context, record, run), hook, timeoutMs);
    if (problem !== undefined)
      context.recordEvent(record, "Warning", "FailedPreStopHook", "PreStopHook failed");
  };
  run.stop(graceSeconds, hook && beforehand);
}

function placeOf({ node }: PodContext, { container }: ContainerRecord, { exec }: ContainerRun): ActionPlace {
  return { container, ip: node.ip, exec };
}

/**
 * Runs the postStart hook of a container that has just started, then its probes until it ends: they say
 * whether it is started and ready, and end it when it does not start or no longer lives.
 */
export async function watchHealth(
  context: PodContext,
  record: ContainerRecord,
  run: ContainerRun,
): Promise<void> {
  const { container } = record;
  const ended = new AbortController();
  void run.ended.then(() => ended.abort());
  // Whether a container that is being stopped still lives is no longer of interest; whether it is ready is.
  const ending = AbortSignal.any([ended.signal, context.stopping]);
  const startedMs = performance.now();
  const place = placeOf(context, record, run);

  const end = (why: string, probe?: Probe): void => {
    const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = context.pod.spec;
    const grace = probe?.terminationGracePeriodSeconds ?? terminationGracePeriodSeconds;
    stopContainer(context, record, run, grace, why);
  };
  /** Calls `onVerdict` whenever the probe says something new, until that returns false. */
  const follow = async (kind: ProbeKind, onVerdict: (succeeded: boolean) => boolean): Promise<void> => {
    const probe = probeOf(container, kind);
    if (probe === undefined) return;
    const { delayMs, periodMs, timeoutMs } = probeTimes(probe);
    const over = kind === "readiness" ? ended.signal : ending;
    await pause(Math.max(0, startedMs + delayMs - performance.now()), over);
    for (let results: ProbeRun | undefined; !over.aborted;) {
      const problem = await takeAction(place, probe, timeoutMs);
      if (over.aborted) return;
      if (problem !== undefined)
        context.recordEvent(record, "Warning", "Unhealthy", `${TITLES[kind]} probe failed: ${problem}`);
      results = nextRun(results, problem === undefined);
      const verdict = verdictOf(probe, results);
      if (verdict !== undefined && !onVerdict(verdict)) return;
      await pause(periodMs, over);
    }
  };
  const endFor = (kind: ProbeKind): void => {
    const again = isRestarted(restartPolicyOf(context.pod, record), 1) ? ", will be restarted" : "";
    end(`Container ${container.name} failed ${kind} probe${again}`, probeOf(container, kind));
  };

  record.health = initialHealth(container);
  context.onChange();
  const hook = container.lifecycle?.postStart;
  const problem = hook && (await takeAction(place, hook, NO_LIMIT_MS));
  if (problem !== undefined) {
    context.recordEvent(record, "Warning", "FailedPostStartHook", "PostStartHook failed");
    end("FailedPostStartHook");
    return;
  }
  await follow("startup", (succeeded) => {
    if (!succeeded) endFor("startup");
    else record.health = { started: true, ready: container.readinessProbe === undefined };
    context.onChange();
    return false;
  });
  await Promise.all([
    follow("liveness", (succeeded) => {
      if (!succeeded) endFor("liveness");
      return succeeded;
    }),
    follow("readiness", (ready) => {
      record.health.ready = ready;
      context.onChange();
      return true;
    }),
  ]);
}
