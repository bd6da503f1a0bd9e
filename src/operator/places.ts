import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentRun } from "../api/agent-run.ts";
import { ANNOTATION_PROVIDER } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { listPages } from "../client/list-pages.ts";
import type { Change } from "../client/cache/reflector.ts";
import { jobs } from "../kube/builtin.ts";
import { keyOf, type KubeObject } from "../kube/objects.ts";
import { providerNameOf } from "../plan/agent-run/references.ts";
import type { ObservedRun } from "../plan/agent-run/observed.ts";
import type { RunPlan } from "../plan/agent-run/plan.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import {
  branchLimits,
  branchOf,
  hasStarted,
  mayWantPlace,
  nextInTurn,
  queuesForBranch,
  type Competitor,
  type Limit,
  type Places,
} from "../plan/places.ts";
import { runJobName } from "../plan/specs/names.ts";
import { PAGE, RUN_JOBS, type Caches } from "./caches.ts";
import { configOf, ownJob } from "./gather-context.ts";

/**
 * Joins what the caches show of the places in a namespace with what this process has just decided. A decision counts
 * before the API server has answered, so that many reconciles side by side never give one place away twice.
 */
export interface PlaceKeeper {
  /** Plans with the places as they are in this moment, and remembers whether the run gets one. */
  plan(observed: ObservedRun, plan: (observed: ObservedRun) => RunPlan): RunPlan;
  /** The keys of the runs that may start after a change of a run. */
  wokenBy(change: Change<AgentRun>): string[];
  /** Called with the keys of runs that may start since another one did not take its place. */
  onReturned(listener: (key: string) => void): () => void;
}

export function createPlaceKeeper(caches: Caches): PlaceKeeper {
  /** Of runs whose Job is being made: their uids, by key. */
  const granted = new Map<string, string>();
  const listeners = new Set<(key: string) => void>();

  const holds = (run: AgentRun): boolean =>
    hasStarted(run) || granted.get(keyOf(run)) === run.metadata.uid || jobOf(caches, run) !== undefined;

  function placesIn(namespace: string, self?: AgentRun): Places | undefined {
    const config = configOf(caches, namespace);
    const limits = limitsIn(caches, namespace, config);
    if (limits.length === 0 && isEmpty(caches.runs.by("queuesForBranch", namespace))) return undefined;
    const holders: Competitor[] = [];
    const waiting: Competitor[] = [];
    for (const run of caches.runs.by("unfinished", namespace)) {
      if (holds(run)) holders.push(competitor(caches, run, config));
      else if (mayWantPlace(run) || run.metadata.uid === self?.metadata.uid)
        waiting.push(competitor(caches, run, config));
    }
    return { limits: [...limits, ...branchLimits(waiting)], holders, waiting };
  }

  const next = (namespace: string): string[] => {
    const places = placesIn(namespace);
    return places ? nextInTurn(places).map((name) => `${namespace}/${name}`) : [];
  };

  function note(run: AgentRun, plan: RunPlan): void {
    const key = keyOf(run);
    if (plan.create.some(({ type }) => type === jobs)) {
      granted.set(key, run.metadata.uid ?? "");
    } else if (granted.delete(key) && !holds(run)) {
      for (const woken of next(namespaceOf(run))) for (const listener of listeners) listener(woken);
    }
  }

  return {
    plan: (observed, plan) => {
      const { run } = observed;
      const places = isFinished(run) || observed.job ? undefined : placesIn(namespaceOf(run), run);
      const planned = plan({ ...observed, ...(places && { places }) });
      note(run, planned);
      return planned;
    },
    wokenBy: ({ key, old, new: run }) => {
      if (!run) granted.delete(key);
      const namespace = namespaceOf(run ?? old);
      return makesRoom(standing(old), standing(run)) ? next(namespace) : [];
    },
    onReturned: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function namespaceOf(object: KubeObject | undefined): string {
  return object?.metadata.namespace ?? "";
}

type Standing = "holds" | "waits" | "neither";

/** Of the caches, what decides whether anything is limited, and where the Jobs go. */
export interface JobCatchUp {
  configs: Pick<Caches["configs"], "list">;
  providers: Pick<Caches["providers"], "list">;
  runs: Pick<Caches["runs"], "list">;
  runJobs: Pick<Caches["runJobs"], "put">;
}

/**
 * Brings the Jobs of runs into the cache as the API server has them now. Who takes the Lease over may not have seen yet
 * what the leader before has created, and would give its places away again. Nothing if nothing is limited.
 */
export async function catchUpWithJobs(
  client: Pick<Client, "list">,
  { configs, providers, runs, runJobs }: JobCatchUp,
  namespaces: readonly string[],
): Promise<void> {
  const isLimited = [...configs.list(), ...providers.list()].some(
    ({ spec }) => spec?.maxRunning !== undefined,
  );
  const isQueued = (run: AgentRun): boolean => queuesForBranch(run) && !isFinished(run);
  if (!isLimited && ![...runs.list()].some(isQueued)) return;
  const options = { labelSelector: RUN_JOBS, metadataOnly: true, omit: ["managedFields"], limit: PAGE };
  for (const namespace of namespaces.length > 0 ? namespaces : [undefined]) {
    const at = { ...options, ...(namespace !== undefined && { namespace }) };
    for await (const { items } of listPages(client, jobs, at)) for (const job of items) runJobs.put(job);
  }
}

/** What of a run counts for others that wait. */
function standing(run: AgentRun | undefined): Standing {
  if (!run || isFinished(run)) return "neither";
  return hasStarted(run) ? "holds" : mayWantPlace(run) ? "waits" : "neither";
}

/** One that waited takes the very place that it was before others for. */
function makesRoom(before: Standing, after: Standing): boolean {
  return before === "holds" ? after !== "holds" : before === "waits" && after === "neither";
}

function isEmpty(runs: Iterable<AgentRun>): boolean {
  for (const _ of runs) return false;
  return true;
}

function limitsIn(caches: Caches, namespace: string, config: AgentConfig | undefined): Limit[] {
  const limits: Limit[] = [];
  const add = (kind: Limit["kind"], name = "", maxRunning?: number) => {
    if (maxRunning !== undefined) limits.push({ kind, name, maxRunning });
  };
  add("AgentConfig", config?.metadata.name, config?.spec?.maxRunning);
  for (const { metadata, spec } of caches.providers.list(namespace))
    add("AgentProvider", metadata.name, spec.maxRunning);
  return limits;
}

function competitor(caches: Caches, run: AgentRun, config: AgentConfig | undefined): Competitor {
  const { name = "", creationTimestamp = "" } = run.metadata;
  const provider = providerOf(caches, run, config);
  return { name, createdAt: creationTimestamp, provider, ...branchOf(run) };
}

/** Of one that has started, the provider that it started with, whatever the default has become since. */
function providerOf(caches: Caches, run: AgentRun, config: AgentConfig | undefined): string | undefined {
  if (run.spec.provider) return undefined;
  const started = run.status?.provider ?? jobOf(caches, run)?.metadata.annotations?.[ANNOTATION_PROVIDER];
  return started ?? providerNameOf(run, config);
}

function jobOf(caches: Caches, run: AgentRun) {
  return ownJob(caches.runJobs, run, runJobName(run.metadata.name ?? ""));
}
