import type { AgentRun } from "../api/agent-run.ts";
import type { AgentTrigger } from "../api/agent-trigger.ts";
import { agentRuns } from "../api/resources.ts";
import type { DeliveryReason } from "../api/trigger-reasons.ts";
import type { Client } from "../client/client.ts";
import { ApiError, isApiError } from "../client/errors.ts";
import { configMaps } from "../kube/builtin.ts";
import { isOwnedBy } from "../kube/objects.ts";
import { printableLine } from "../kube/printable.ts";
import { timestamp } from "../kube/time.ts";
import type { CompiledTrigger } from "../plan/agent-trigger/compile.ts";
import { refusedByFacts, unmatched } from "../plan/agent-trigger/decide.ts";
import type { EventVariables } from "../plan/agent-trigger/expression.ts";
import { runForEvent } from "../plan/agent-trigger/event-run.ts";
import { factsOf } from "../plan/agent-trigger/facts.ts";
import { eventOf } from "../plan/agent-trigger/run.ts";
import type { Actors } from "./actors.ts";
import { eventHash } from "./event-hash.ts";
import { type HookAnswer, type HookRequest, UNAUTHORIZED } from "./hook-server.ts";
import { deliveryId, readPayload } from "./payload.ts";
import type { ReadSecret } from "./secret-values.ts";
import type { Seen } from "./seen.ts";
import { isSigned } from "./signature.ts";
import type { Triggers } from "./triggers.ts";

/** What became of a delivery, for metrics: besides reasons, what no status shows. */
export type DeliveryOutcome = DeliveryReason | "NotMatched" | "Unauthorized" | "Invalid" | "Unavailable";

export interface ReceiveOptions {
  client: Pick<Client, "get" | "create">;
  triggers: Triggers;
  /** The runs of a namespace, of whatever trigger. */
  runsIn: (namespace: string) => Iterable<AgentRun>;
  readSecret: ReadSecret;
  seen: Seen;
  actors: Actors;
  observe: (outcome: DeliveryOutcome) => void;
}

interface Verdict {
  reason: DeliveryReason;
  message?: string;
  run?: string;
}

/** Takes a delivery. Its answer is 2xx only once its run exists, or if it is to start none. Rejects if that cannot be known now. */
export async function receive(options: ReceiveOptions, request: HookRequest): Promise<HookAnswer> {
  const { triggers, observe } = options;
  const { key, headers, body } = request;
  const trigger = triggers.get(key);
  const secrets = trigger ? await signingSecrets(options, trigger) : [];
  if (!isSigned(trigger?.spec.webhook.source ?? "GitHub", secrets, headers, body) || !trigger) {
    observe("Unauthorized");
    return UNAUTHORIZED;
  }
  const payload = readPayload(trigger.spec.webhook.source, headers, body);
  if ("error" in payload) {
    observe("Invalid");
    return { status: 400, body: { message: payload.error } };
  }
  const compiled = triggers.compiled(trigger);
  if ("error" in compiled) {
    observe("Unavailable");
    return {
      status: 503,
      body: { message: `an expression of the trigger cannot be read: ${compiled.error}` },
    };
  }
  const miss = unmatched(compiled, payload);
  if (miss && "isSilent" in miss) {
    observe("NotMatched");
    return { status: 200, body: { reason: "NotMatched", message: miss.message } };
  }
  try {
    const verdict = miss ?? (await judge(options, compiled, payload, body));
    observe(verdict.reason);
    const message =
      verdict.message === undefined ? {} : { message: printableLine(verdict.message).slice(0, 1024) };
    const told = { ...verdict, ...message };
    const id = deliveryId(headers, payload.event);
    triggers.note(key, { time: timestamp(Date.now()), ...(id !== undefined && { id }), ...told });
    return { status: verdict.reason === "RunCreated" ? 201 : 200, body: told };
  } catch (error) {
    observe("Unavailable");
    throw error;
  }
}

/** The Secret's value, and the same without the line break that many a tool puts at its end. */
async function signingSecrets(
  { readSecret }: ReceiveOptions,
  { metadata, spec }: AgentTrigger,
): Promise<string[]> {
  const found = await readSecret(metadata.namespace ?? "", spec.webhook.secretRef);
  if ("missing" in found) return [];
  return [...new Set([found.value, found.value.replace(/\r?\n$/, "")])];
}

async function judge(
  options: ReceiveOptions,
  compiled: CompiledTrigger,
  payload: EventVariables,
  body: Buffer,
): Promise<Verdict> {
  const { spec, metadata } = compiled.trigger;
  const { name = "", namespace = "", uid = "" } = metadata;
  const facts = factsOf(spec.webhook.source, payload.event);
  const refused =
    refusedByFacts(spec, facts, options.runsIn(namespace)) ??
    (await options.actors.refuse(compiled.trigger, facts));
  if (refused) return refused;
  // A delivery's id is not signed, so that it names nothing: what was signed does.
  const hash = eventHash(uid, body);
  const run = runForEvent(compiled, payload, facts, {
    name: `${name}-${hash}`,
    runs: options.runsIn(namespace),
    hash: (text) => eventHash(uid, text),
  });
  if ("reason" in run) return run;
  if (await options.seen.has(compiled.trigger, hash)) return repeated(run.metadata.name ?? "");
  return createOnce(options, compiled.trigger, run, payload.event, hash);
}

/** The run and its event, each made if it is not there yet: whoever dies in between leaves what the next attempt completes. */
async function createOnce(
  { client, seen }: ReceiveOptions,
  trigger: AgentTrigger,
  run: AgentRun,
  event: unknown,
  hash: string,
): Promise<Verdict> {
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

function repeated(run: string): Verdict {
  return { reason: "Repeated", run, message: `AgentRun ${run} was started by the same event before` };
}
