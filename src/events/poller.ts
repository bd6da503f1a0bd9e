import type { AgentTrigger } from "../api/agent-trigger.ts";
import { agentTriggers } from "../api/resources.ts";
import type { Client } from "../client/client.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import { EVENTS_PER_PAGE, githubEvents, MAX_PAGES } from "../forge/github-events.ts";
import { ForgeRefusal } from "../forge/refusal.ts";
import { printableLine } from "../kube/printable.ts";
import type { CompiledTrigger } from "../plan/agent-trigger/compile.ts";
import { projectOf } from "../plan/agent-trigger/decide.ts";
import {
  eventsIn,
  newEvents,
  type PolledEvent,
  type PollRecord,
  reachesKnown,
  recordWith,
} from "../plan/agent-trigger/polled.ts";
import {
  createController,
  objectSource,
  type Controller,
  type ControllerObserver,
} from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Log } from "../runtime/log.ts";
import { type ForgeCalls, forgeAccessOf } from "./forge-access.ts";
import { readPollRecord, writePollRecord } from "./poll-record.ts";
import { type StartOptions, startRunFor } from "./start-run.ts";

export interface PollerOptions extends ForgeCalls, Omit<StartOptions, "client"> {
  client: Client;
  cache: Reflector<AgentTrigger>;
  record: EventRecorder["record"];
  /** Throws if this process does not lead. */
  permit: () => void;
  observer: ControllerObserver;
  log: Log;
}

const INTERVAL_SECONDS = 60;
/** Of one round: the next one comes anyhow. */
const PATIENCE_MS = 20_000;
/** After what a permission or an address has to be mended for. */
const AFTER_REFUSAL_MS = 60_000;

/** What this process knows of a trigger that polls. */
interface Known {
  uid: string | undefined;
  generation: number | undefined;
  record: PollRecord | undefined;
  /** Milliseconds since the epoch, as long as the trigger is not changed. */
  nextAt: number;
}

/** Asks forges for the events of triggers that poll. To be started once this process leads. */
export function createPoller(options: PollerOptions): Controller {
  const { triggers } = options;
  /** By the trigger's key. */
  const known = new Map<string, Known>();
  return createController({
    name: "poll",
    log: options.log,
    observer: options.observer,
    sources: [objectSource(options.cache)],
    // Answers may be large.
    concurrency: 1,
    reconcile: async (key) => {
      const trigger = triggers.get(key);
      const compiled = trigger && triggers.compiled(trigger);
      if (!trigger?.spec.poll) known.delete(key);
      if (!trigger?.spec.poll || !compiled || "error" in compiled) return { requeue: "onChange" };
      const { uid, generation } = trigger.metadata;
      const last = known.get(key);
      const before = last?.uid === uid ? last : undefined;
      const leftMs = before?.generation === generation ? (before?.nextAt ?? 0) - Date.now() : 0;
      if (leftMs > 0) return { requeue: { afterMs: leftMs } };
      const round = await pollOnce(options, compiled, before?.record).catch(refusalIn);
      triggers.fail(key, round.problem);
      known.set(key, {
        uid,
        generation,
        record: round.record ?? before?.record,
        nextAt: Date.now() + round.waitMs,
      });
      return { requeue: { afterMs: round.waitMs } };
    },
  });
}

interface Round {
  record?: PollRecord;
  waitMs: number;
  problem?: { reason: "PollFailed"; message: string };
}

/** What a forge refuses is shown, and asked for again. Throws everything else. */
function refusalIn(error: unknown): Round {
  if (!(error instanceof ForgeRefusal)) throw error;
  const words = printableLine(error.message).slice(0, 1_000);
  const message = `the forge does not list its events: ${words}`;
  const waitMs = Math.max(AFTER_REFUSAL_MS, (error.until ?? 0) - Date.now());
  return { waitMs, problem: { reason: "PollFailed", message } };
}

/** Looks at what is new. What is known is written once all of it has been looked at, so that nothing is passed over. */
async function pollOnce(
  options: PollerOptions,
  compiled: CompiledTrigger,
  before: PollRecord | undefined,
): Promise<Round> {
  const { client, permit } = options;
  const { trigger } = compiled;
  const project = projectOf(trigger.spec) ?? "";
  const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
  const of = `${access.apiURL} ${project}`;
  const record = before?.of === of ? before : await readPollRecord(client, trigger, of, Date.now());
  const seconds = trigger.spec.poll?.intervalSeconds ?? INTERVAL_SECONDS;
  const first = await githubEvents(access, project, { page: 1, etag: record.etag || undefined });
  const waitMs = Math.max(seconds * 1_000, first.pollAfterMs);
  if (first.events === undefined) return { record, waitMs };
  const events = eventsIn(first.events);
  let last = events;
  for (let page = 2; last.length === EVENTS_PER_PAGE && !reachesKnown(last, record); page += 1) {
    if (page > MAX_PAGES) {
      missed(options, trigger);
      break;
    }
    last = eventsIn((await githubEvents(access, project, { page })).events);
    events.push(...last);
  }
  for (const event of newEvents(events, record)) {
    permit();
    await look(options, compiled, event);
  }
  permit();
  const after = recordWith(record, events, first.etag);
  await writePollRecord(client, trigger, after);
  return { record: after, waitMs };
}

/** What the forge refuses to say of one event holds up no other. */
async function look(options: PollerOptions, compiled: CompiledTrigger, event: PolledEvent): Promise<void> {
  const { id, variables } = event;
  if (!variables) return;
  try {
    await startRunFor(options, compiled, { variables, content: `github-event ${id}`, id });
  } catch (error) {
    if (!(error instanceof ForgeRefusal) || error.reason !== "ForgeNotFound") throw error;
  }
}

function missed({ record }: PollerOptions, trigger: AgentTrigger): void {
  const note = `${MAX_PAGES * EVENTS_PER_PAGE} or more events have come since the last answer; GitHub lists no more, so older ones may be missed`;
  record(agentTriggers, trigger, { type: "Warning", reason: "EventsMissed", action: "Poll", note });
}
