import type { AgentNotifier } from "../api/agent-notifier.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { agentNotifiers } from "../api/resources.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import type { Client } from "../client/client.ts";
import { isDeleting, keyOf } from "../kube/objects.ts";
import type { Requeue } from "../kube/plan.ts";
import type { DueEvent } from "../plan/agent-notifier/due.ts";
import { messageOf } from "../plan/agent-notifier/message.ts";
import { type ObservedNotifier, planNotifier } from "../plan/agent-notifier/plan.ts";
import { missingSecret } from "../plan/missing-secret.ts";
import { withinBounds } from "../plan/within-bounds.ts";
import { carryOut } from "../runtime/carry-out.ts";
import {
  type Controller,
  type ControllerObserver,
  createController,
  objectSource,
  watchSource,
} from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Log } from "../runtime/log.ts";
import type { NotificationMetrics } from "./metrics.ts";
import { DROPPED_AFTER_MS, longerPause, type Notified, settle, survey, takeLeave, tidy } from "./notified.ts";
import type { ReadSecret } from "./secret-values.ts";
import { readSent, RecordTakenError, writeSent } from "./sent.ts";
import { sendToSink, type Sent, type Sink } from "./sink.ts";

export interface NotifierOptions {
  client: Client;
  notifiers: Reflector<AgentNotifier>;
  runs: Reflector<AgentRun>;
  readSecret: ReadSecret;
  /** What sends the requests. */
  send: typeof fetch;
  record: EventRecorder["record"];
  /** Throws if this process does not lead: two would tell everything twice. */
  permit: () => void;
  metrics: NotificationMetrics;
  observer: ControllerObserver;
  log: Log;
}

type Problem = NonNullable<ObservedNotifier["problem"]>;

/** Of one notifier at a time. */
const BATCH = 8;
/** Secrets are not watched. */
const RECHECK_MS = 30_000;
/** Of a record whose name another object has, perhaps one that is about to be collected. */
const TAKEN_MS = 5_000;
const RECHECK_ALL_MS = 600_000;

/** Tells sinks what becomes of runs: at least once, also if this process dies in between. To be started once this process leads. */
export function createNotifier(options: NotifierOptions): Controller {
  const { notifiers, runs, client, metrics } = options;
  const states = new Map<string, Notified>();
  metrics.pending(() => [...states.values()].reduce((sum, { pending }) => sum + pending, 0));
  runs.onChange(({ old, new: now }) => {
    if (!old || now) return;
    for (const notifier of notifiers.list(old.metadata.namespace)) {
      const state = states.get(keyOf(notifier));
      if (state && !takeLeave(notifier, state, old))
        options.log.warn({ notifier: keyOf(notifier), run: keyOf(old) }, "deleted before its sink was told");
    }
  });
  return createController({
    name: "agentnotifier",
    log: options.log,
    observer: options.observer,
    sources: [
      objectSource(notifiers),
      watchSource(runs, ({ key }) => notifiers.keys(key.slice(0, key.indexOf("/")))),
    ],
    recheck: {
      everyMs: RECHECK_ALL_MS,
      keys: () => notifiers.keys(),
    },
    reconcile: async (key, { origin, signal }) => {
      const notifier = notifiers.get(key);
      if (!notifier || isDeleting(notifier)) {
        states.delete(key);
        return { requeue: "onChange" };
      }
      options.permit();
      const found = await stateOf(options, states, notifier);
      const { requeue, ...told } =
        "reason" in found
          ? { problem: found, pending: 0, dropped: [], requeue: { afterMs: TAKEN_MS } }
          : await notify(options, notifier, found);
      const plan = planNotifier({ notifier, ...told, now: Date.now() });
      const put = (_: unknown, object: object, from?: unknown) =>
        notifiers.put(object as AgentNotifier, from);
      const context = { client, record: options.record, permit: options.permit, put, origin, signal };
      await carryOut(context, agentNotifiers, notifier, withinBounds(agentNotifiers.kind, plan));
      return { requeue };
    },
  });
}

/** What is remembered of a notifier, read anew by each process that leads. */
async function stateOf(
  { client, runs }: NotifierOptions,
  states: Map<string, Notified>,
  notifier: AgentNotifier,
): Promise<Notified | Problem> {
  const { uid, namespace, generation } = notifier.metadata;
  const known = states.get(keyOf(notifier));
  if (known?.uid === uid && known) {
    if (known.generation === generation) return known;
    // Another sink, perhaps: it is tried at once.
    Object.assign(known, { generation, pause: undefined, problem: undefined });
    known.refused.clear();
    return known;
  }
  try {
    const record = await readSent(client, notifier);
    const none = {
      unwritten: new Set<string>(),
      gone: new Map(),
      refused: new Map(),
      pending: 0,
      tidiedAt: 0,
    };
    const state: Notified = { uid, generation, record, ...none };
    tidy(state, runs.list(namespace), Date.now());
    states.set(keyOf(notifier), state);
    return state;
  } catch (error) {
    if (error instanceof RecordTakenError) return { reason: "NameTaken", message: error.message };
    throw error;
  }
}

type Told = Omit<ObservedNotifier, "notifier" | "now"> & { requeue: Requeue };

/** Sends some of what is due, and writes down what the sink has taken. */
async function notify(options: NotifierOptions, notifier: AgentNotifier, state: Notified): Promise<Told> {
  const { client, runs, permit } = options;
  const now = Date.now();
  tidy(state, runs.list(notifier.metadata.namespace), now);
  const all = survey(notifier, state, runs.list(notifier.metadata.namespace));
  const due = all.filter(({ run }) => (state.refused.get(run.metadata.uid ?? "")?.until ?? 0) <= now);
  const isPaused = (state.pause?.until ?? 0) > now;
  const found = due.length > 0 && !isPaused ? await sinkOf(options, notifier) : undefined;
  const sink = found && "url" in found ? found : undefined;
  const told = sink ? await tell(options, notifier, state, sink, due.slice(0, BATCH)) : {};
  if (state.unwritten.size > 0) {
    const changed = [...state.unwritten];
    permit();
    await writeSent(client, notifier, state.record, changed);
    for (const each of changed) state.unwritten.delete(each);
  }
  const left = sink ? survey(notifier, state, runs.list(notifier.metadata.namespace)) : all;
  state.pending = left.length;
  const missing = found && "reason" in found ? found : undefined;
  const [refusal] = state.refused.values();
  const problem = missing ?? state.problem ?? refusal?.why;
  return {
    dropped: [],
    ...told,
    ...(problem && { problem }),
    pending: left.length,
    requeue: nextLook(state, left, missing !== undefined),
  };
}

/** When what is left may be sent. */
function nextLook(state: Notified, left: readonly DueEvent[], isMissing: boolean): Requeue {
  if (left.length === 0) return "onChange";
  if (isMissing) return { afterMs: RECHECK_MS };
  const times = left.map(({ run }) => state.refused.get(run.metadata.uid ?? "")?.until ?? 0);
  const next = Math.max(state.pause?.until ?? 0, Math.min(...times));
  return { afterMs: Math.max(0, next - Date.now()) };
}

/** Sends events side by side, each of another run. */
async function tell(
  { send, permit, metrics }: NotifierOptions,
  { spec }: AgentNotifier,
  state: Notified,
  sink: Sink,
  due: readonly DueEvent[],
): Promise<Pick<ObservedNotifier, "taken" | "dropped">> {
  const { format } = spec.sink;
  permit();
  // While the sink fails, one event is enough to see whether it still does.
  const tried = state.pause ? due.slice(0, 1) : due;
  const answers = await Promise.all(tried.map((each) => sendToSink(send, sink, messageOf(format, each))));
  const dropped = tried.flatMap((each, index) => take(state, each, answers[index] ?? "taken"));
  const failed = answers.find((each) => each !== "taken" && !each.isOfEvent);
  if (failed && failed !== "taken") {
    state.pause = longerPause(state.pause, Date.now(), failed.retryAfterMs);
    state.problem = failed;
  } else Object.assign(state, { pause: undefined, problem: undefined });
  for (const [index, { at }] of tried.entries()) {
    const answer = answers[index] ?? "taken";
    metrics.sent(format, answer === "taken" ? "Sent" : answer.reason);
    if (answer === "taken") metrics.delay((Date.now() - at) / 1_000);
  }
  for (const _ of dropped) metrics.sent(format, "Dropped");
  const last = tried.findLast((_, index) => answers[index] === "taken");
  return { dropped, ...(last && { taken: { run: last.run.metadata.name ?? "", event: last.event } }) };
}

/** What an answer means for its event; in words if that is dropped. */
function take(state: Notified, { run, event, at, settles }: DueEvent, answer: Sent): string[] {
  const { uid = "", name } = run.metadata;
  if (answer === "taken") {
    state.refused.delete(uid);
    settle(state, uid, settles);
    return [];
  }
  if (!answer.isOfEvent) return [];
  if (Date.now() - at < DROPPED_AFTER_MS) {
    const why = { ...answer, message: `${answer.message} to ${event} of AgentRun ${name}` };
    state.refused.set(uid, { ...longerPause(state.refused.get(uid), Date.now(), answer.retryAfterMs), why });
    return [];
  }
  state.refused.delete(uid);
  settle(state, uid, settles);
  return [`${event} of AgentRun ${name} is not sent any more: ${answer.message}`];
}

async function sinkOf(
  { readSecret }: NotifierOptions,
  { metadata, spec }: AgentNotifier,
): Promise<Sink | Problem> {
  const { url = "", secretRef, format } = spec.sink;
  if (!secretRef) return { url };
  const found = await readSecret(metadata.namespace ?? "", secretRef);
  const isSigned = format === "CloudEvents";
  if ("missing" in found)
    return missingSecret(
      found.missing,
      secretRef,
      isSigned ? "the secret that events are signed with" : "the sink's URL",
    );
  return isSigned ? { url, secret: found.value.replace(/\r?\n$/, "") } : { url: found.value.trim() };
}
