import type { AgentRun } from "../api/agent-run.ts";
import { agentTriggers } from "../api/resources.ts";
import { LABEL_TRIGGER } from "../api/labels.ts";
import type { Reflector } from "../client/cache/reflector.ts";
import { type Comments, createComments } from "../forge/comments.ts";
import { ForgeRefusal } from "../forge/refusal.ts";
import { isOwnedBy, keyOf } from "../kube/objects.ts";
import { projectOf } from "../plan/agent-trigger/decide.ts";
import { reportBody, reportMark, reportPlaceOf } from "../plan/agent-trigger/report.ts";
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

/** Of one run's comment; a forge that limits requests is waited for. */
const PATIENCE_MS = 120_000;

/** Keeps one comment for each run that reports up to date. To be started once this process leads. */
export function createReporter(options: ReporterOptions): Controller {
  const { runs, triggers, permit, record } = options;
  /** By the run's uid: its comment, and what that says. */
  const known = new Map<string, { id: number; body: string }>();
  return createController({
    name: "report",
    log: options.log,
    observer: options.observer,
    sources: [objectSource(runs)],
    concurrency: 2,
    recheck: { everyMs: 600_000, keys: () => forget(known, runs) },
    reconcile: async (key) => {
      const run = runs.get(key);
      const place = run && reportPlaceOf(run, Date.now());
      const trigger =
        run && triggers.get(`${run.metadata.namespace}/${run.metadata.labels?.[LABEL_TRIGGER]}`);
      const project = trigger && projectOf(trigger.spec);
      if (!place || !trigger || project === undefined || !isOwnedBy(run, trigger.metadata.uid))
        return { requeue: "onChange" };
      const uid = run.metadata.uid ?? "";
      const body = reportBody(run);
      if (known.get(uid)?.body === body) return { requeue: "onChange" };
      try {
        const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
        const comments = createComments(access.kind, access, project);
        const id = known.get(uid)?.id ?? (await findOne(comments, run, place));
        permit();
        if (id === undefined) known.set(uid, { id: await comments.create(place, body), body });
        else {
          await comments.update(place, id, body);
          known.set(uid, { id, body });
        }
      } catch (error) {
        if (!(error instanceof ForgeRefusal)) throw error;
        const note = `AgentRun ${run.metadata.name} could not be reported: ${error.message}`;
        record(agentTriggers, trigger, { type: "Warning", reason: "ReportFailed", action: "Report", note });
        // What it refuses now, it may do once a permission is given.
        return { requeue: { afterMs: 60_000 } };
      }
      return { requeue: "onChange" };
    },
  });
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

/** Of runs that are gone. Gives the keys of all others that there are. */
function* forget(known: Map<string, unknown>, runs: Reflector<AgentRun>): Generator<string> {
  const left = new Set<string>();
  for (const run of runs.list()) {
    left.add(run.metadata.uid ?? "");
    if (reportPlaceOf(run, Date.now())) yield keyOf(run);
  }
  for (const uid of known.keys()) if (!left.has(uid)) known.delete(uid);
}
