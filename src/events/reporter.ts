import type { AgentRun } from "../api/agent-run.ts";
import type { AgentTrigger } from "../api/agent-trigger.ts";
import { agentTriggers } from "../api/resources.ts";
import { LABEL_TRIGGER } from "../api/labels.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import { type Comments, createComments } from "../forge/comments.ts";
import { ForgeRefusal } from "../forge/refusal.ts";
import { createStatuses } from "../forge/statuses.ts";
import { isOwnedBy, keyOf } from "../kube/objects.ts";
import { projectOf } from "../plan/agent-trigger/decide.ts";
import {
  reportBody,
  reportCommitOf,
  reportMark,
  reportPlaceOf,
  reportStatus,
} from "../plan/agent-trigger/report.ts";
import {
  createController,
  objectSource,
  type Controller,
  type ControllerObserver,
} from "../runtime/controller.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Log } from "../runtime/log.ts";
import { type ForgeCalls, forgeAccessOf } from "./forge-access.ts";
import type { Triggers } from "./triggers.ts";

export interface ReporterOptions extends ForgeCalls {
  runs: Reflector<AgentRun>;
  triggers: Pick<Triggers, "get">;
  record: EventRecorder["record"];
  /** Throws if this process does not lead: two would make two comments. */
  permit: () => void;
  observer: ControllerObserver;
  log: Log;
}

/** Of one run's report; a forge that limits requests is waited for. */
const PATIENCE_MS = 120_000;

/** What this process knows to be shown of a run. */
interface Known {
  comment?: { id: number; body: string };
  /** In JSON. */
  status?: string;
}

/** Keeps one comment and one commit status or check for each run that reports up to date. To be started once this process leads. */
export function createReporter(options: ReporterOptions): Controller {
  const { runs, triggers, record } = options;
  /** By the run's uid. */
  const known = new Map<string, Known>();
  return createController({
    name: "report",
    log: options.log,
    observer: options.observer,
    sources: [objectSource(runs)],
    concurrency: 2,
    recheck: { everyMs: 600_000, keys: () => forget(known, runs) },
    reconcile: async (key) => {
      const run = runs.get(key);
      const trigger =
        run && triggers.get(`${run.metadata.namespace}/${run.metadata.labels?.[LABEL_TRIGGER]}`);
      if (!run || !trigger || !isReported(run) || !isOwnedBy(run, trigger.metadata.uid))
        return { requeue: "onChange" };
      const uid = run.metadata.uid ?? "";
      const shown = known.get(uid) ?? {};
      known.set(uid, shown);
      const refusals = [
        await attempt(() => comment(options, run, trigger, shown)),
        await attempt(() => setStatus(options, run, trigger, shown)),
      ].filter((each) => each !== undefined);
      for (const { message } of refusals) {
        const note = `AgentRun ${run.metadata.name} could not be reported: ${message}`;
        record(agentTriggers, trigger, { type: "Warning", reason: "ReportFailed", action: "Report", note });
      }
      // What it refuses now, it may do once a permission is given.
      return { requeue: refusals.length > 0 ? { afterMs: 60_000 } : "onChange" };
    },
  });
}

function isReported(run: AgentRun): boolean {
  const now = Date.now();
  return reportPlaceOf(run, now) !== undefined || reportCommitOf(run, [], now) !== undefined;
}

/** Why the forge refuses it, if it does: the other report does not wait for that. */
async function attempt(report: () => Promise<void>): Promise<ForgeRefusal | undefined> {
  try {
    await report();
    return undefined;
  } catch (error) {
    if (!(error instanceof ForgeRefusal)) throw error;
    return error;
  }
}

async function comment(
  options: ReporterOptions,
  run: AgentRun,
  trigger: AgentTrigger,
  shown: Known,
): Promise<void> {
  const place = reportPlaceOf(run, Date.now());
  const project = projectOf(trigger.spec);
  const body = reportBody(run);
  if (!place || project === undefined || shown.comment?.body === body) return;
  const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
  const comments = createComments(access.kind, access, project);
  const id = shown.comment?.id ?? (await findOne(comments, run, place));
  options.permit();
  if (id !== undefined) await comments.update(place, id, body);
  shown.comment = { id: id ?? (await comments.create(place, body)), body };
}

/** Who has led before may have made it. */
async function findOne(
  comments: Comments,
  run: AgentRun,
  place: Parameters<Comments["find"]>[0],
): Promise<number | undefined> {
  const [first] = await comments.find(place, reportMark(run), run.metadata.creationTimestamp ?? "");
  return first;
}

async function setStatus(
  options: ReporterOptions,
  run: AgentRun,
  trigger: AgentTrigger,
  shown: Known,
): Promise<void> {
  const commit = reportCommitOf(run, options.runs.list(run.metadata.namespace), Date.now());
  const project = projectOf(trigger.spec);
  const status = reportStatus(run);
  const wanted = JSON.stringify(status);
  if (commit === undefined || project === undefined || shown.status === wanted) return;
  const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
  options.permit();
  await createStatuses(access.kind, access, project).set(commit, status);
  shown.status = wanted;
}

/** Of runs that are gone. Gives the keys of all others that report. */
function* forget(known: Map<string, unknown>, runs: Reflector<AgentRun>): Generator<string> {
  const left = new Set<string>();
  for (const run of runs.list()) {
    left.add(run.metadata.uid ?? "");
    if (isReported(run)) yield keyOf(run);
  }
  for (const uid of known.keys()) if (!left.has(uid)) known.delete(uid);
}
