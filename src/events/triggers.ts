import { agentTriggers } from "../api/resources.ts";
import type { AgentTrigger, AgentTriggerSpec, TriggerDelivery } from "../api/agent-trigger.ts";
import type { Reason } from "../api/reasons.ts";
import type { Client } from "../client/client.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import { compileTrigger, type CompiledTrigger } from "../plan/agent-trigger/compile.ts";
import { planTrigger } from "../plan/agent-trigger/plan.ts";
import { appNeeds, type KeyNeed } from "../plan/agent-run/references.ts";
import { missingSecret } from "../plan/missing-secret.ts";
import { withinBounds } from "../plan/within-bounds.ts";
import { carryOut } from "../runtime/carry-out.ts";
import {
  createController,
  objectSource,
  type Controller,
  type ControllerObserver,
} from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Log } from "../runtime/log.ts";
import type { ReadSecret } from "./secret-values.ts";

/** The triggers that are served, and what becomes of their deliveries. */
export interface Triggers {
  /** Undefined: there is none, or it is being deleted. */
  get(key: string): AgentTrigger | undefined;
  /** With its expressions ready, or why they cannot be read. */
  compiled(trigger: AgentTrigger): CompiledTrigger | { error: string };
  /** Has the trigger's status show why it gets no events, or that it does again. */
  fail(key: string, problem: Problem | undefined): void;
  /** Has the trigger's status show a delivery, soon. */
  note(key: string, delivery: TriggerDelivery): void;
  readonly controller: Controller;
}

export interface TriggersOptions {
  client: Client;
  cache: Reflector<AgentTrigger>;
  readSecret: ReadSecret;
  record: EventRecorder["record"];
  observer: ControllerObserver;
  /** A monotonic clock in milliseconds. */
  monotonicNow: () => number;
  log: Log;
}

/** Many deliveries at a time become one write. */
const GATHER_MS = 250;
/** Of one trigger, that wait to be shown: a status has the last twenty. */
const MAX_NOTED = 100;

export function createTriggers(options: TriggersOptions): Triggers {
  const { client, cache, record, log } = options;
  const known = new WeakMap<AgentTrigger, CompiledTrigger | { error: string }>();
  const arrived = new Map<string, TriggerDelivery[]>();
  const failing = new Map<string, Problem>();
  const compiled = (trigger: AgentTrigger): CompiledTrigger | { error: string } => {
    const result = known.get(trigger) ?? compileTrigger(trigger, options.monotonicNow);
    known.set(trigger, result);
    return result;
  };
  const controller = createController({
    name: "agenttrigger",
    log,
    observer: options.observer,
    sources: [objectSource(cache)],
    reconcile: async (key, { origin, signal }) => {
      const trigger = cache.get(key);
      if (!trigger) {
        arrived.delete(key);
        failing.delete(key);
        return { requeue: "onChange" };
      }
      const shown = [...(arrived.get(key) ?? [])];
      const result = compiled(trigger);
      const problem =
        "error" in result
          ? unreadable(result.error)
          : ((await secretProblem(options, trigger)) ?? (trigger.spec.poll && failing.get(key)));
      const observed = { trigger, arrived: shown, now: Date.now(), ...(problem && { problem }) };
      const plan = withinBounds(agentTriggers.kind, planTrigger(observed));
      const put = (_: unknown, object: object, from?: unknown) => cache.put(object as AgentTrigger, from);
      await carryOut({ client, record, put, origin, signal }, agentTriggers, trigger, plan);
      const left = (arrived.get(key) ?? []).filter((each) => !shown.includes(each));
      if (left.length > 0) arrived.set(key, left);
      else arrived.delete(key);
      return { requeue: plan.requeue };
    },
  });
  return {
    controller,
    compiled,
    get: (key) => {
      const trigger = cache.get(key);
      return trigger?.metadata.deletionTimestamp === undefined ? trigger : undefined;
    },
    fail: (key, problem) => {
      if (problem?.message === failing.get(key)?.message) return;
      if (problem) failing.set(key, problem);
      else failing.delete(key);
      controller.enqueue(key, "poll", GATHER_MS);
    },
    note: (key, delivery) => {
      arrived.set(key, [...(arrived.get(key) ?? []), delivery].slice(-MAX_NOTED));
      controller.enqueue(key, "delivery", GATHER_MS);
    },
  };
}

interface Problem {
  reason: Reason;
  message: string;
}

function unreadable(message: string): Problem {
  return { reason: "InvalidExpression", message };
}

function credentialNeeds({ secretRef, githubAppRef }: AgentTriggerSpec["credential"] = {}): KeyNeed[] {
  return [
    ...(secretRef ? [{ ref: secretRef, purpose: "the token of the forge's API" }] : []),
    ...(githubAppRef ? appNeeds(githubAppRef.name) : []),
  ];
}

async function secretProblem(
  { readSecret }: TriggersOptions,
  { metadata, spec }: AgentTrigger,
): Promise<Problem | undefined> {
  const needs = [
    ...(spec.webhook
      ? [{ ref: spec.webhook.secretRef, purpose: "the secret that deliveries are signed with" }]
      : []),
    ...credentialNeeds(spec.credential),
  ];
  for (const { ref, purpose } of needs) {
    const found = await readSecret(metadata.namespace ?? "", ref);
    if ("missing" in found) return missingSecret(found.missing, ref, purpose);
  }
  return undefined;
}
