import type { IncomingHttpHeaders } from "node:http";
import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentSchedule } from "../../api/agent-schedule.ts";
import type { AgentTrigger } from "../../api/agent-trigger.ts";
import { eventHash } from "../../events/event-hash.ts";
import { readPayload } from "../../events/payload.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { planSchedule } from "../../plan/agent-schedule/plan.ts";
import { runAt } from "../../plan/agent-schedule/run.ts";
import { type CompiledTrigger, compileTrigger } from "../../plan/agent-trigger/compile.ts";
import {
  forkRefused,
  isOfForge,
  judgeActor,
  projectOf,
  type Refused,
  refusedByFacts,
  unmatched,
} from "../../plan/agent-trigger/decide.ts";
import { runForEvent } from "../../plan/agent-trigger/event-run.ts";
import type { EventVariables } from "../../plan/agent-trigger/expression.ts";
import { sourceOf } from "../../plan/agent-trigger/source.ts";
import { type EventFacts, factsOf } from "../../plan/agent-trigger/facts.ts";
import {
  admitted,
  masked,
  type RenderDefaults,
  type Rendered,
  type RenderedFiles,
  renderRun,
} from "./render-run.ts";

/** A delivery as a trigger would get it, with a valid signature. */
export interface GivenEvent {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The run that a schedule starts next, and what that becomes. */
export function renderSchedule(
  schedule: AgentSchedule,
  files: RenderedFiles,
  defaults: RenderDefaults,
  now: number,
): Rendered[] {
  const title = titleOf("AgentSchedule", schedule);
  const { status: _, ...fresh } = schedule;
  const { status } = planSchedule({ schedule: fresh, runs: [], now });
  const { nextScheduleTime, conditions } = status ?? {};
  const ready = conditions?.find(({ type }) => type === "Ready");
  if (nextScheduleTime === undefined) {
    const why = ready?.status === "True" ? "it has no further time" : `${ready?.reason}: ${ready?.message}`;
    return [{ title, notes: [`starts no run: ${why}`], effective: [], objects: [] }];
  }
  const run = runAt(schedule, Date.parse(nextScheduleTime));
  return startedRun(
    title,
    [`starts AgentRun ${run.metadata.name} at ${nextScheduleTime}`],
    run,
    files,
    defaults,
  );
}

/** The run that a trigger starts for an event, and what that becomes; or why it starts none. */
export function renderTrigger(
  trigger: AgentTrigger,
  event: GivenEvent,
  files: RenderedFiles,
  defaults: RenderDefaults,
): Rendered[] {
  const title = titleOf("AgentTrigger", trigger);
  const source = sourceOf(trigger.spec);
  const compiled = compileTrigger(trigger, () => performance.now());
  if ("error" in compiled)
    return [startsNone(title, { reason: "InvalidExpression", message: compiled.error })];
  const type = source === "CloudEvents" ? "application/cloudevents+json" : "application/json";
  const payload = readPayload(source, { "content-type": type, ...event.headers }, event.body);
  if ("error" in payload) return [startsNone(title, { reason: "Invalid", message: payload.error })];
  const miss = unmatched(compiled, payload);
  if (miss) return [startsNone(title, { reason: "NotMatched", ...miss })];
  const facts = factsOf(source, payload.event);
  const runs = files
    .ofKind<AgentRun>("AgentRun")
    .filter(({ metadata }) => metadata.namespace === trigger.metadata.namespace);
  const refused = refusedByFacts(trigger.spec, facts, runs);
  if (refused) return [startsNone(title, refused)];
  const asked = questions(trigger, facts);
  if ("reason" in asked) return [startsNone(title, asked)];
  const run = startedBy(compiled, payload, facts, runs, event.body);
  if ("reason" in run) return [startsNone(title, run)];
  try {
    admitted(run, defaults.namespace);
  } catch (error) {
    return [startsNone(title, { reason: "InvalidRun", message: messageOf(error) })];
  }
  const notes = [`starts AgentRun ${run.metadata.name} for this event`, ...asked];
  return startedRun(title, notes, run, files, defaults);
}

function startedBy(
  compiled: CompiledTrigger,
  payload: EventVariables,
  facts: EventFacts,
  runs: readonly AgentRun[],
  body: Buffer,
): AgentRun | Refused {
  const { name = "", uid = "" } = compiled.trigger.metadata;
  const hash = (text: Buffer | string): string => eventHash(uid, text);
  return runForEvent(compiled, payload, facts, { name: `${name}-${hash(body)}`, runs, hash });
}

/** What the forge is asked before, or what needs no question. */
function questions({ spec }: AgentTrigger, facts: EventFacts): string[] | Refused {
  if (!isOfForge(spec)) return [];
  const verdict = judgeActor(spec, facts.actor);
  if (typeof verdict === "object") return verdict;
  const project = projectOf(spec);
  const asked =
    verdict === "ask" ? [`if the forge says that ${facts.actor?.name} may write to ${project}`] : [];
  if (spec.allowForks) return asked;
  const isAsked =
    facts.isFork === undefined && facts.pullRequest !== undefined && spec.credential !== undefined;
  if (isAsked)
    return [...asked, `if the forge says that pull request ${facts.pullRequest} is of ${project} itself`];
  return forkRefused(facts.isFork) ?? asked;
}

function startsNone(title: string, { reason, message }: { reason: string; message: string }): Rendered {
  return { title, notes: [`starts no run: ${reason}: ${message}`], effective: [], objects: [] };
}

/** The run as it is created; below it, what it becomes. */
function startedRun(
  title: string,
  notes: string[],
  run: AgentRun,
  files: RenderedFiles,
  defaults: RenderDefaults,
): Rendered[] {
  const { metadata, ...rest } = run;
  const plain = { ...metadata, ownerReferences: undefined };
  const manifest = masked({ ...rest, metadata: plain });
  const started: Rendered = {
    title,
    notes,
    effective: [],
    objects: [JSON.parse(JSON.stringify(manifest)) as Record<string, unknown>],
  };
  try {
    const stored = admitted(run, defaults.namespace) as AgentRun;
    return [started, renderRun(stored, files, defaults)];
  } catch (error) {
    return [{ ...started, notes: [...notes, messageOf(error)] }];
  }
}

function titleOf(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
