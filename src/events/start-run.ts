import type { AgentRun } from "../api/agent-run.ts";
import type { AgentTrigger } from "../api/agent-trigger.ts";
import { agentRuns } from "../api/resources.ts";
import type { DeliveryReason } from "../api/trigger-reasons.ts";
import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import { configMaps } from "../kube/builtin.ts";
import { isOwnedBy, keyOf } from "../kube/objects.ts";
import { printableLine } from "../kube/printable.ts";
import { timestamp } from "../kube/time.ts";
import type { CompiledTrigger } from "../plan/agent-trigger/compile.ts";
import { refusedByFacts, unmatched } from "../plan/agent-trigger/decide.ts";
import { runForEvent } from "../plan/agent-trigger/event-run.ts";
import type { EventVariables } from "../plan/agent-trigger/expression.ts";
import { factsOf } from "../plan/agent-trigger/facts.ts";
import { eventOf } from "../plan/agent-trigger/run.ts";
import { sourceOf } from "../plan/agent-trigger/source.ts";
import type { Actors } from "./actors.ts";
import { eventHash } from "./event-hash.ts";
import type { Seen } from "./seen.ts";
import type { Triggers } from "./triggers.ts";

/** What became of an event, for metrics: besides reasons, what no status shows. */
export type EventOutcome = DeliveryReason | "NotMatched" | "Unauthorized" | "Invalid" | "Unavailable";

export interface StartOptions {
  client: Pick<Client, "get" | "create">;
  triggers: Triggers;
  /** The runs of a namespace, of whatever trigger. */
  runsIn: (namespace: string) => Iterable<AgentRun>;
  seen: Seen;
  actors: Actors;
  observe: (outcome: EventOutcome) => void;
}

/** An event of a trigger. */
export interface StartingEvent {
  variables: EventVariables;
  /** What tells it from every other event of the trigger. */
  content: Buffer | string;
  /** The sender's own name for it. */
  id?: string | undefined;
}

export interface Verdict {
  reason: DeliveryReason | "NotMatched";
  message?: string;
  run?: string;
}

interface Decided extends Verdict {
  reason: DeliveryReason;
}

/** Starts the run of an event, if it is to start one, and has the trigger show that. Rejects if that cannot be known now. */
export async function startRunFor(
  options: StartOptions,
  compiled: CompiledTrigger,
  { variables, content, id }: StartingEvent,
): Promise<Verdict> {
  const { triggers, observe } = options;
  const miss = unmatched(compiled, variables);
  if (miss && "isSilent" in miss) {
    observe("NotMatched");
    return { reason: "NotMatched", message: miss.message };
  }
  try {
    const verdict = miss ?? (await judge(options, compiled, variables, content));
    observe(verdict.reason);
    const message =
      verdict.message === undefined ? {} : { message: printableLine(verdict.message).slice(0, 1024) };
    const told = { ...verdict, ...message };
    triggers.note(keyOf(compiled.trigger), {
      time: timestamp(Date.now()),
      ...(id !== undefined && { id }),
      ...told,
    });
    return told;
  } catch (error) {
    observe("Unavailable");
    throw error;
  }
}

async function judge(
  options: StartOptions,
  compiled: CompiledTrigger,
  variables: EventVariables,
  content: Buffer | string,
): Promise<Decided> {
  const { spec, metadata } = compiled.trigger;
  const { name = "", namespace = "", uid = "" } = metadata;
  const facts = factsOf(sourceOf(spec), variables.event);
  const refused =
    refusedByFacts(spec, facts, options.runsIn(namespace)) ??
    (await options.actors.refuse(compiled.trigger, facts));
  if (refused) return refused;
  // A delivery's id is not signed, so that it names nothing: what was signed does.
  const hash = eventHash(uid, content);
  const run = runForEvent(compiled, variables, facts, {
    name: `${name}-${hash}`,
    runs: options.runsIn(namespace),
    commit: await options.actors.commitOf(compiled.trigger, facts),
    hash: (text) => eventHash(uid, text),
  });
  if ("reason" in run) return run;
  if (await options.seen.has(compiled.trigger, hash)) return repeated(run.metadata.name ?? "");
  return createOnce(options, compiled.trigger, run, variables.event, hash);
}

/** The run and its event, each made if it is not there yet: whoever dies in between leaves what the next attempt completes. */
async function createOnce(
  { client, seen }: StartOptions,
  trigger: AgentTrigger,
  run: AgentRun,
  event: unknown,
  hash: string,
): Promise<Decided> {
  const { name = "", namespace = "" } = run.metadata;
  let made: AgentRun | undefined;
  try {
    made = await client.create(agentRuns, run);
  } catch (error) {
    if (error instanceof ApiError && (error.code === 422 || error.code === 400))
      return { reason: "InvalidRun", message: error.status?.message ?? error.message };
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
  const live = made ?? (await client.get(agentRuns, { namespace, name }));
  if (!isOwnedBy(live, trigger.metadata.uid))
    return { reason: "InvalidRun", message: `an AgentRun named ${name} exists that is not the trigger's` };
  try {
    await client.create(configMaps, eventOf(live, event));
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
  await seen.add(trigger, hash);
  return made ? { reason: "RunCreated", run: name } : repeated(name);
}

function repeated(run: string): Decided {
  return { reason: "Repeated", run, message: `AgentRun ${run} was started by the same event before` };
}
