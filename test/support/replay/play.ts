import { mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { AgentRun, AgentRunStatus } from "../../../src/api/agent-run.ts";
import { LABEL_MANAGED_BY, OPERATOR_NAME } from "../../../src/api/labels.ts";
import type { Job, Pod } from "../../../src/kube/builtin.ts";
import type { KubeObject } from "../../../src/kube/objects.ts";
import { startOperator } from "../../../src/operator/operator.ts";
import { createLog } from "../../../src/runtime/log.ts";
import { readRecording, type Recording, type RecordedEvent, type RecordedObject } from "../recordings.ts";
import { ScriptedApi, secondsOf, type ScriptedApiOptions, type SeenWrite } from "./scripted-api.ts";

export const NAMESPACE = "recorded";
export const NODE = "node-1";

/** What the operator made of a recorded scenario. */
export interface Played {
  /** The run at the end; undefined if it is gone. */
  run: AgentRun | undefined;
  /** Each status of the run as it was written, in order. `ms` counts as in the recording. */
  statuses: { ms: number; status: AgentRunStatus }[];
  /** What the operator removed or changed of the Job, its pod and its claim. */
  interventions: { ms: number; what: string }[];
  /** Reason and note of the run's events. */
  events: string[];
  /** All writes of the operator, in order. */
  writes: readonly SeenWrite[];
  /** What it logs at level info. */
  logged: readonly Readonly<Record<string, unknown>>[];
}

export interface PlayOptions {
  spec?: Partial<AgentRun["spec"]>;
  /** What is there before the run is. */
  before?: (api: ScriptedApi) => void;
  /** What else happens meanwhile. */
  also?: { ms: number; happen: (api: ScriptedApi) => void }[];
  /** How long the operator is watched after the last recorded event. */
  afterMs?: number;
  /** Only what was recorded before this happens. */
  untilMs?: number;
  admit?: ScriptedApiOptions["admit"];
}

/** The longest step of the played clock; due timers run at most so late. */
const STEP_MS = 500;
const BOOKMARK_MS = 60_000;

/** Runs a whole operator, its clock played, while an API shows it what a real node wrote for the Job of its run. */
export async function play(scenario: string, options: PlayOptions = {}): Promise<Played> {
  const recording = readRecording(scenario, { ns: NAMESPACE, node: NODE });
  const job = firstOf<Job>(recording, "jobs");
  const startsAt = Date.parse(job.object.metadata.creationTimestamp ?? "") + 500 - job.ms;
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: startsAt });
  const clock = mock.method(performance, "now", () => Date.now() - startsAt);
  const api = new ScriptedApi({
    now: Date.now,
    log: (pod, container) => logOf(api, recording, pod, container),
    admit: (resource, object) =>
      options.admit?.(resource, object) ?? asRecorded(api, resource, object, job.object),
  });
  const logged: Record<string, unknown>[] = [];
  const operator = await startOperator({
    transport: api.transport,
    log: createLog({ level: "info", write: (line) => void logged.push(JSON.parse(line)) }),
    leaseNamespace: NAMESPACE,
    healthProbeBindAddress: "0",
    metricsBindAddress: "0",
  });
  try {
    await operator.working;
    options.before?.(api);
    api.put("agentruns", aRun(job.object, startsAt, options.spec));
    await playAll(api, recording, startsAt, options);
    return { ...playedOf(api, startsAt), logged };
  } finally {
    await operator.stop();
    clock.mock.restore();
    mock.timers.reset();
  }
}

async function playAll(
  api: ScriptedApi,
  recording: Recording,
  startsAt: number,
  { also = [], afterMs = 60_000, untilMs = Number.POSITIVE_INFINITY }: PlayOptions,
): Promise<void> {
  await quiet();
  const script = recording.sequence.filter(({ ms }) => ms < untilMs);
  const shown = script.map((event) => ({ ms: event.ms, happen: () => show(api, event) }));
  for (const { ms, happen } of [...shown, ...also].toSorted((a, b) => a.ms - b.ms)) {
    await passUntil(api, startsAt + ms);
    happen(api);
    await quiet();
  }
  await passUntil(api, Date.now() + afterMs);
}

async function passUntil(api: ScriptedApi, at: number): Promise<void> {
  while (Date.now() < at) {
    const before = Date.now();
    mock.timers.tick(Math.min(STEP_MS, at - before));
    if (Math.floor(before / BOOKMARK_MS) !== Math.floor(Date.now() / BOOKMARK_MS)) api.bookmark();
    await quiet();
  }
}

/** All that follows from what has happened follows at once: only timers and the API are waited for, and both are played. */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < 12; turns += 1) await turn();
}

/** The run whose Job was recorded. */
function aRun({ spec }: Job, startsAt: number, more: Partial<AgentRun["spec"]> = {}): AgentRun {
  const seconds = spec.template.spec.activeDeadlineSeconds ?? 300;
  return {
    apiVersion: "agent.xonovex.com/v1alpha1",
    kind: "AgentRun",
    metadata: {
      name: "demo",
      namespace: NAMESPACE,
      uid: "the-run",
      generation: 1,
      creationTimestamp: secondsOf(startsAt),
    },
    spec: {
      agent: "custom",
      command: ["true"],
      prompt: "Do the task",
      repository: { url: "https://example.com/repo.git" },
      timeout: `${seconds}s`,
      ...more,
    },
    status: { phase: "Pending" },
  };
}

/** The first Job that the operator makes is the recorded one. */
function asRecorded(api: ScriptedApi, resource: string, object: KubeObject, { metadata }: Job): undefined {
  if (resource !== "jobs" || api.writes.some((write) => write.method === "DELETE")) return;
  const { uid, creationTimestamp } = metadata;
  Object.assign(object.metadata, { uid, creationTimestamp });
}

/** Lets the API show one recorded event. */
function show(api: ScriptedApi, { resource, type, object }: RecordedEvent): void {
  if (object?.metadata === undefined) return;
  const { name = "", uid } = object.metadata;
  const known = api.get(resource, name);
  const shown = known && resource !== "pods" ? likeKnown(resource, known, object) : asOurs(object);
  if (type === "DELETED") {
    if (known) api.remove(resource, name, shown);
    return;
  }
  // A Job that the operator has removed or replaced does not come back.
  if (resource === "jobs" && known?.metadata.uid !== uid) return;
  api.put(resource, shown);
}

/** What the operator has made itself keeps its spec; only its state is the recorded one's. */
function likeKnown(resource: string, known: KubeObject, recorded: RecordedObject): KubeObject {
  if (resource === "events") return recorded;
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = recorded.metadata;
  const { suspend } = (recorded.spec ?? {}) as { suspend?: boolean };
  const spec = Reflect.get(known, "spec") as object;
  return {
    ...known,
    metadata: { ...known.metadata, deletionTimestamp, deletionGracePeriodSeconds, finalizers },
    spec: suspend === undefined ? spec : { ...spec, suspend },
    status: recorded.status,
  } as KubeObject;
}

function asOurs(object: RecordedObject): RecordedObject {
  const labels = object.metadata.labels && { ...object.metadata.labels, [LABEL_MANAGED_BY]: OPERATOR_NAME };
  return { ...object, metadata: { ...object.metadata, labels } };
}

/** The run gets these annotations. */
export function annotateRun(api: ScriptedApi, annotations: Record<string, string>): void {
  const run = api.get("agentruns", "demo");
  if (run) api.put("agentruns", { ...run, metadata: { ...run.metadata, annotations } });
}

/** A container's log as long as its pod is there; the agent's as the entrypoint leaves it. */
function logOf(
  api: ScriptedApi,
  { reads }: Recording,
  name: string,
  container: string,
): { status: number; text: string } {
  const pod = api.get("pods", name) as Pod | undefined;
  if (!pod) return { status: 404, text: `pods "${name}" not found` };
  const own = reads.filter((read) => read.pod === name && read.container === container);
  const good = own.find(({ status, text }) => status === 200 && !text.startsWith("unable to retrieve"));
  const end = pod.status?.containerStatuses?.find((each) => each.name === container)?.state?.terminated;
  // Of one that was read too early, or not at all, nothing is known but that it could be read.
  const read = good ?? (end ? own.findLast(({ status }) => status === 200) : own[0]);
  if (read && read.status !== 200) return read;
  const output = read?.text ?? "";
  const wasKilled = !end || end.exitCode === 137 || end.reason === "StartError";
  if (wasKilled || (read && read !== good)) return { status: 200, text: output };
  const told = { type: "agent-operator-text", output, ...(end.exitCode === 0 ? {} : { log: output }) };
  return { status: 200, text: `${output}\n${JSON.stringify(told)}\n${end.message ?? ""}\n` };
}

function firstOf<T extends KubeObject>({ sequence }: Recording, resource: string): { ms: number; object: T } {
  const event = sequence.find((each) => each.resource === resource && each.object !== null);
  if (!event) throw new Error(`no event of ${resource} is recorded`);
  return { ms: event.ms, object: event.object as unknown as T };
}

function playedOf(api: ScriptedApi, startsAt: number): Omit<Played, "logged"> {
  const ofRun = api.writes.filter(
    ({ resource, subresource }) => resource === "agentruns" && subresource === "status",
  );
  let status: AgentRunStatus = { phase: "Pending" };
  const statuses = ofRun.map(({ at, body }) => {
    status = { ...status, ...(body as { status?: Partial<AgentRunStatus> }).status };
    return { ms: at - startsAt, status };
  });
  return {
    run: api.get("agentruns", "demo") as AgentRun | undefined,
    statuses,
    writes: api.writes,
    interventions: api.writes.filter(isIntervention).map((write) => ({
      ms: write.at - startsAt,
      what: `${write.method} ${write.resource}${write.method === "PATCH" ? ` ${JSON.stringify(write.body)}` : ""}`,
    })),
    events: api
      .list("events")
      .map((event) => event as KubeObject & { reason?: string; note?: string; regarding?: { kind?: string } })
      .filter(({ regarding }) => regarding?.kind === "AgentRun")
      .map(({ reason, note }) => `${reason}: ${note}`),
  };
}

function isIntervention({ method, resource }: SeenWrite): boolean {
  return method !== "POST" && ["jobs", "pods", "persistentvolumeclaims"].includes(resource);
}
