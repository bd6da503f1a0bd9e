import type { ContainerState, ContainerStatus, Job, Pod } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";

/** One event of a watch, recorded or seen: `object` is undefined if the watch itself broke. */
export interface Seen {
  resource: string;
  type: string;
  object: KubeObject | null | undefined;
}

/** What happened, one line a step: what each resource showed, in order, and what each component reported. */
export interface Steps {
  pods: string[];
  jobs: string[];
  /** By `reportingController`; equal ones once. */
  events: Record<string, string[]>;
}

interface NodeEvent extends KubeObject {
  type: string;
  reason: string;
  note?: string;
  regarding: { kind: string; name: string; fieldPath?: string };
  reportingController?: string;
}

/** Events about what the embedded cluster does without: images to pull, and a provisioner of volumes beside the API. */
const OTHER_EVENTS =
  /^(?:Pulled|Pulling|ImageNotPulled|ExternalProvisioning|Provisioning\w*|WaitForFirstConsumer|FailedBinding)$/;

/** The two as text, with the first step of each list that differs; undefined if they are alike. */
export function differenceOf(seen: Steps, recorded: Steps): string | undefined {
  const controllers = new Set([...Object.keys(seen.events), ...Object.keys(recorded.events)]);
  const lists: [string, string[], string[]][] = [
    ["pods", seen.pods, recorded.pods],
    ["jobs", seen.jobs, recorded.jobs],
    ...[...controllers].map((name): [string, string[], string[]] => [
      `events of ${name}`,
      seen.events[name] ?? [],
      recorded.events[name] ?? [],
    ]),
  ];
  const differing = lists.flatMap(([name, is, wanted]) => {
    const at = is.findIndex((step, index) => step !== wanted[index]);
    const first = at < 0 ? (is.length === wanted.length ? undefined : is.length) : at;
    if (first === undefined) return [];
    const show = (list: string[]): string => list.slice(first, first + 2).join("\n  ") || "nothing";
    return [
      `${name}, step ${first + 1} of ${wanted.length}:\n  ${show(is)}\n  instead of\n  ${show(wanted)}`,
    ];
  });
  return differing.length === 0 ? undefined : differing.join("\n");
}

/** A probe that is made when its container ends may or may not find it so. */
const PROBED_AT_THE_END = /resulted in unknown state/;

/** The kubelet's own cache of claims may be late. */
const LATE_CACHE = /PVC is not bound/;

/** How many events about the same refusal come depends on how fast a claim is bound. */
const UNBOUND = /pod has unbound immediate PersistentVolumeClaims/;

/** The steps of what a watch of pods, Jobs and events delivered. */
export function stepsOf(seen: readonly Seen[], namespace: string, node: string): Steps {
  const names = new Map<string, string>();
  for (const { resource, object } of seen) {
    const { name = "", uid = "" } = object?.metadata ?? {};
    if (resource === "pods" && name !== "" && !names.has(name)) {
      const alias = `pod-${names.size / 2 + 1}`;
      names.set(name, alias).set(uid, `uid-of-${alias}`);
    }
  }
  const plain = (text: string): string => {
    let result = text
      .replaceAll(namespace, "{{ns}}")
      .replaceAll(` to ${node}`, " to {{node}}")
      .replaceAll(/containerd?:\/\/[^ "]+/g, "{{id}}");
    for (const [name, alias] of names) result = result.replaceAll(name, alias);
    return result;
  };
  const steps: Steps = { pods: [], jobs: [], events: {} };
  const last = new Map<string, string>();
  const add = (list: string[], key: string, step: string): void => {
    if (last.get(key) !== step) list.push(step);
    last.set(key, step);
  };
  const open = new Set<string>();
  for (const { resource, type, object } of inOrder(seen)) {
    if (object?.metadata === undefined) continue;
    const { name = "" } = object.metadata;
    if (resource === "pods") {
      const isOver = type === "DELETED" || /Succeeded|Failed/.test((object as Pod).status?.phase ?? "");
      if (isOver) open.delete(name);
      else open.add(name);
    }
    const gone = type === "DELETED" ? "DELETED " : "";
    if (resource === "pods" && !isNoise(object as Pod))
      add(steps.pods, name, `${names.get(name)}: ${gone}${plain(podStep(object as Pod))}`);
    if (resource === "jobs") {
      const early = isFinished(object as Job) && open.size > 0 ? " while a pod runs" : "";
      add(steps.jobs, name, `${name}: ${gone}${plain(jobStep(object as Job))}${early}`);
    }
    if (resource !== "events") continue;
    const event = object as NodeEvent;
    if (OTHER_EVENTS.test(event.reason)) continue;
    const list = (steps.events[event.reportingController ?? ""] ??= []);
    const step = plain(eventStep(event));
    if (!list.includes(step) && ![UNBOUND, LATE_CACHE, PROBED_AT_THE_END].some((noise) => noise.test(step)))
      list.push(step);
  }
  return { ...steps, jobs: steps.jobs.filter((step, index, all) => !isPassing(step, all[index + 1])) };
}

/** Pods and Jobs come by their own watches: their versions show which was written first. */
function inOrder(seen: readonly Seen[]): Seen[] {
  const versionOf = ({ object }: Seen): number => Number(object?.metadata?.resourceVersion ?? 0);
  return seen.toSorted((a, b) => versionOf(a) - versionOf(b));
}

function isFinished({ status }: Job): boolean {
  return status?.conditions?.some(({ type }) => type === "Complete" || type === "Failed") ?? false;
}

/** A Job that has counted its pods may or may not be seen waiting for them to go before it ends. */
function isPassing(step: string, next: string | undefined): boolean {
  return next !== undefined && next !== step && next.startsWith(step) && /, (?:Failed|Complete)=/.test(next);
}

/**
 * The sandbox is ready and nothing runs yet: the kubelet may or may not come to write this before the
 * first container runs.
 */
function isNoise({ metadata, status }: Pod): boolean {
  const mains = status?.containerStatuses ?? [];
  // Several containers are started one after the other: in between, the status may be written or not.
  const states = mains.map(({ state }) => (state?.waiting === undefined ? "run" : state.waiting.reason));
  if (states.includes("run") && states.includes("PodInitializing")) return true;
  if (metadata.deletionTimestamp !== undefined) return false;
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const isReady = status?.conditions?.some(
    ({ type, status: is }) => type === "PodReadyToStartContainers" && is === "True",
  );
  return all.length > 0 && isReady === true && all.every(({ state }) => state?.waiting !== undefined);
}

function podStep({ metadata, status = {} }: Pod): string {
  const conditions = (status.conditions ?? [])
    .map(({ type, status: is, reason, message }) => `${type}=${is}${said(reason, message)}`)
    .toSorted();
  const isDeleted = metadata.deletionTimestamp !== undefined;
  // The kubelet and the Job controller do their parts of a deletion, whoever comes first.
  const isGoing = isDeleted && /Succeeded|Failed/.test(status.phase ?? "");
  return [
    `${status.phase}${said(status.reason, status.message)}`,
    ...(isDeleted ? [isGoing ? "deleted" : `deleted within ${metadata.deletionGracePeriodSeconds} s`] : []),
    ...(metadata.finalizers?.length && !isDeleted ? [`held by ${metadata.finalizers.join(" ")}`] : []),
    ...(metadata.ownerReferences?.length ? [] : ["without owner"]),
    ...conditions,
    ...[...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(containerStep),
  ].join("\n    ");
}

function containerStep({ name, state, lastState, ready, started, restartCount }: ContainerStatus): string {
  const before = lastState?.terminated === undefined ? "" : ` after ${stateStep(lastState)}`;
  const health = `${ready ? " ready" : ""}${started ? " started" : ""}`;
  return `${name}: ${stateStep(state ?? {})}${health}${restartCount ? ` x${restartCount}` : ""}${before}`;
}

function stateStep({ waiting, running, terminated }: ContainerState): string {
  if (waiting !== undefined) return `waiting${said(waiting.reason, waiting.message)}`;
  if (running !== undefined) return "running";
  const { exitCode, reason, message, startedAt } = terminated ?? {};
  const never = startedAt === null ? " never started" : startedAt?.startsWith("1970") ? " not started" : "";
  return `ended ${exitCode}${said(reason, message)}${never}`;
}

function jobStep({ metadata, status = {} }: Job): string {
  const { uncountedTerminatedPods: uncounted } = status;
  const isDeleted = metadata.deletionTimestamp !== undefined;
  // How many pods are ready or terminating is known up to a second late, so it may be missed altogether;
  // so may what is active, where the Job itself goes with its last pod.
  const counts = (["active", "succeeded", "failed"] as const)
    .filter((name) => status[name] && !(name === "active" && isDeleted))
    .map((name) => `${name}=${status[name]}`);
  return [
    ...(status.startTime === undefined ? [] : ["started"]),
    ...counts,
    ...(["succeeded", "failed"] as const).flatMap((name) =>
      uncounted?.[name]?.length ? [`uncounted ${name}=${uncounted[name].length}`] : [],
    ),
    ...(status.completionTime === undefined ? [] : ["completed"]),
    ...(isDeleted ? ["deleted"] : []),
    ...(metadata.finalizers ?? []),
    ...(status.conditions ?? []).map(
      ({ type, status: is, reason, message }) => `${type}=${is}${said(reason, message)}`,
    ),
  ].join(", ");
}

function eventStep({ type, reason, note = "", regarding }: NodeEvent): string {
  return `${type} ${reason} of ${regarding.kind} ${regarding.name} ${regarding.fieldPath ?? ""}: ${note}`;
}

function said(reason: string | undefined, message: string | undefined): string {
  return `${reason ? `/${reason}` : ""}${message ? ` ${JSON.stringify(message)}` : ""}`;
}
