import type { AgentConfig } from "../api/agent-config.ts";
import type { AgentRun } from "../api/agent-run.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentWorkspaces,
} from "../api/resources.ts";
import { controllerOf, isDeleting, keyOf, type KubeObject } from "../kube/objects.ts";
import { planConfig } from "../plan/agent-config.ts";
import { cachesUsedBy, nameOfCache } from "../plan/cache-use.ts";
import { planProvider } from "../plan/agent-provider.ts";
import type { ObservedRun } from "../plan/agent-run/observed.ts";
import { planRun } from "../plan/agent-run/plan.ts";
import type { ObservedSchedule } from "../plan/agent-schedule/observed.ts";
import { planSchedule } from "../plan/agent-schedule/plan.ts";
import type { ObservedWorkspace } from "../plan/agent-workspace/observed.ts";
import { planWorkspace } from "../plan/agent-workspace/plan.ts";
import { timestamp } from "../kube/time.ts";
import { isLimited, starterKeyOf } from "../plan/agent-run/concurrency.ts";
import { isFinished } from "../plan/agent-run/status.ts";
import { hasStarted } from "../plan/places.ts";
import {
  createController,
  objectSource,
  watchSource,
  type Controller,
  type ControllerObserver,
  type Source,
} from "../runtime/controller.ts";
import type { Change, Reflector } from "../client/cache/reflector.ts";
import { workspacesOf, type Caches } from "./caches.ts";
import { createDependencies, type Dependencies } from "./dependencies.ts";
import { gatherRun, runKeyOf } from "./gather-run.ts";
import { newestPod, type GatherContext } from "./gather-context.ts";
import { gatherWorkspace, workspaceKeyOf } from "./gather-workspace.ts";
import { createPlaceKeeper, type PlaceKeeper } from "./places.ts";
import { createReconcile, type ControllerContext } from "./reconcile.ts";
import * as reference from "./reference-names.ts";

export interface ControllerSetup {
  context: ControllerContext;
  reads: Pick<GatherContext, "secretKeys" | "jobStates" | "warnings" | "kubernetesVersion">;
  defaults: GatherContext["defaults"];
  observe: (controller: string) => ControllerObserver;
}

/** Only a safety net: a watch reports every change that matters. */
const RECHECK_MS = 10 * 60_000;

export function createControllers(setup: ControllerSetup): Controller[] {
  return [
    runController(setup),
    workspaceController(setup),
    providerController(setup),
    configController(setup),
    scheduleController(setup),
  ];
}

function runController({ context, reads, defaults, observe }: ControllerSetup): Controller {
  const { client, caches } = context;
  const dependencies = createDependencies();
  const places = createPlaceKeeper(caches);
  const gathering: GatherContext = { ...reads, client, caches, dependencies, defaults };
  const reconcile = createReconcile(
    {
      type: agentRuns,
      gather: (key) => gatherRun(gathering, key, Date.now()),
      objectOf: ({ run }: ObservedRun) => run,
      plan: (observed) => places.plan(observed, planRun),
      refused: (observed, refusal) => ({ ...observed, refusal }),
    },
    context,
  );
  return createController({
    name: "agentrun",
    reconcile,
    log: context.log,
    observer: observe("agentrun"),
    sources: [
      objectSource(caches.runs),
      watchSource(caches.runs, places.wokenBy),
      returnedPlaces(places),
      watchSource(caches.runs, (change) => heldUpBy(change, caches)),
      watchSource(caches.runJobs, (change) => (concernsRun(change, caches) ? runKeyOf(either(change)) : [])),
      watchSource(caches.workspaceJobs, (change) => runKeyOf(either(change))),
      watchSource(caches.pods, (change) => runKeyOf(either(change))),
      readersOf(caches.runs, reference.toRun, dependencies),
      readersOf(caches.providers, reference.toProvider, dependencies),
      readersOf(caches.workspaces, reference.toWorkspace, dependencies),
      readersOf(caches.configs, reference.toConfigs, dependencies, isOfStatus),
      readersOf(caches.secrets, reference.toSecret, dependencies),
    ],
    recheck: { everyMs: RECHECK_MS, keys: () => unfinished(caches) },
  });
}

/** The runs of the same trigger or schedule that may start since this one has ended or is gone. */
function heldUpBy({ old, new: run }: Change<AgentRun>, { runs }: Caches): string[] {
  if (!old || isFinished(old) || (run && !isFinished(run))) return [];
  return starterKeyOf(old)
    .flatMap((key) => [...runs.by("starter", key)])
    .filter((each) => !isFinished(each) && !hasStarted(each) && isLimited(each))
    .map(keyOf);
}

function returnedPlaces({ onReturned }: PlaceKeeper): Source {
  const trigger = { reason: "place returned", resourceVersion: undefined, origin: undefined, isNew: false };
  return {
    synced: Promise.resolve(),
    subscribe: (listener) => onReturned((key) => listener(key, trigger)),
  };
}

/** While a pod is in sight, what changes of its Job is nearly always the status, which is not watched and not needed. */
function concernsRun({ old, new: job }: Change<KubeObject>, caches: Caches): boolean {
  if (!old || !job || isDeleting(old) !== isDeleting(job)) return true;
  return newestPod(caches, job) === undefined;
}

function* unfinished({ runs }: Caches): Generator<string> {
  for (const run of runs.list()) if (!isFinished(run)) yield keyOf(run);
}

function workspaceController({ context, reads, defaults, observe }: ControllerSetup): Controller {
  const { client, caches } = context;
  const dependencies = createDependencies();
  const gathering: GatherContext = { ...reads, client, caches, dependencies, defaults };
  const reconcile = createReconcile(
    {
      type: agentWorkspaces,
      gather: (key) => gatherWorkspace(gathering, key, Date.now()),
      objectOf: ({ workspace }: ObservedWorkspace) => workspace,
      plan: planWorkspace,
      refused: (observed, refusal) => ({ ...observed, refusal }),
    },
    context,
  );
  return createController({
    name: "agentworkspace",
    reconcile,
    log: context.log,
    observer: observe("agentworkspace"),
    sources: [
      objectSource(caches.workspaces),
      watchSource(caches.workspaceJobs, (change) => workspaceKeyOf(either(change))),
      watchSource(caches.pods, (change) => workspaceKeyOf(either(change))),
      watchSource(caches.claims, (change) => workspaceKeyOf(either(change))),
      watchSource(caches.runs, (change) => workspacesOf(either(change))),
      readersOf(caches.configs, reference.toConfigs, dependencies, isOfStatus),
      readersOf(caches.secrets, reference.toSecret, dependencies),
    ],
    recheck: { everyMs: RECHECK_MS, keys: () => caches.workspaces.keys() },
  });
}

/** Brings back what has read an object of this cache when that changes. */
function readersOf<T extends KubeObject, K extends KubeObject>(
  cache: Reflector<T, K>,
  referenceTo: (namespace: string, name: string) => string,
  dependencies: Dependencies,
  isIgnored: (change: Change<K>) => boolean = () => false,
): Source {
  return watchSource(cache, (change) => {
    if (isIgnored(change)) return [];
    const { namespace = "", name = "" } = either(change).metadata;
    return dependencies.readersOf(referenceTo(namespace, name));
  });
}

/** Whether nothing has changed but the status, which no other object reads. */
function isOfStatus({ old, new: object }: Change<KubeObject>): boolean {
  if (!old || !object || isDeleting(old) !== isDeleting(object)) return false;
  const { generation } = object.metadata;
  return (
    generation !== undefined &&
    generation === old.metadata.generation &&
    old.metadata.uid === object.metadata.uid
  );
}

function either<K>(change: Change<K>): K {
  const object = change.new ?? change.old;
  if (object === undefined) throw new Error(`a change of ${change.key} without an object`);
  return object;
}

function providerController({ context, reads, observe }: ControllerSetup): Controller {
  const { caches } = context;
  const dependencies = createDependencies();
  const gather = async (key: string) => {
    const provider = caches.providers.get(key);
    const ref = provider?.spec.authTokenSecretRef;
    const { namespace = "" } = provider?.metadata ?? {};
    dependencies.record(key, ref ? [reference.toSecret(namespace, ref.name)] : []);
    if (!provider) return undefined;
    const keys = ref && (await reads.secretKeys(namespace, ref.name));
    return { provider, secretKeys: keys, now: timestamp(Date.now()) };
  };
  return createController({
    name: "agentprovider",
    reconcile: createReconcile(
      { type: agentProviders, gather, objectOf: ({ provider }) => provider, plan: planProvider },
      context,
    ),
    log: context.log,
    observer: observe("agentprovider"),
    sources: [objectSource(caches.providers), readersOf(caches.secrets, reference.toSecret, dependencies)],
    recheck: { everyMs: RECHECK_MS, keys: () => caches.providers.keys() },
  });
}

function configController({ context, observe }: ControllerSetup): Controller {
  const { caches } = context;
  const configsBeside = ({ metadata }: KubeObject) => caches.configs.keys(metadata.namespace);
  const gather = (key: string) => {
    const config = caches.configs.get(key);
    const { namespace } = config?.metadata ?? {};
    const all = [...caches.configs.list(namespace)];
    const claims = [...caches.claims.list(namespace)].filter(nameOfCache);
    const pods = caches.pods.list(namespace);
    return Promise.resolve(config && { config, all, claims, pods, now: timestamp(Date.now()) });
  };
  return createController({
    name: "agentconfig",
    reconcile: createReconcile(
      { type: agentConfigs, gather, objectOf: ({ config }) => config, plan: planConfig },
      context,
    ),
    log: context.log,
    observer: observe("agentconfig"),
    // Which one counts depends on all of them: a change of one concerns its neighbours too.
    sources: [
      watchSource(caches.configs, (change: Change<AgentConfig>) => configsBeside(either(change))),
      watchSource(caches.claims, (change) => {
        const claim = either(change);
        return nameOfCache(claim) === undefined ? [] : configsBeside(claim);
      }),
      watchSource(caches.pods, (change) => {
        const pod = either(change);
        return cachesUsedBy(pod).length === 0 ? [] : configsBeside(pod);
      }),
    ],
    recheck: { everyMs: RECHECK_MS, keys: () => caches.configs.keys() },
  });
}

function scheduleController({ context, observe }: ControllerSetup): Controller {
  const { caches } = context;
  const gather = (key: string): Promise<ObservedSchedule | undefined> => {
    const schedule = caches.schedules.get(key);
    const runs = [...caches.runs.by("owner", schedule?.metadata.uid ?? "")];
    return Promise.resolve(schedule && { schedule, runs, now: Date.now() });
  };
  return createController({
    name: "agentschedule",
    reconcile: createReconcile(
      {
        type: agentSchedules,
        gather,
        objectOf: ({ schedule }) => schedule,
        plan: planSchedule,
        refused: (observed, refusal) => ({ ...observed, refusal }),
      },
      context,
    ),
    log: context.log,
    observer: observe("agentschedule"),
    sources: [
      objectSource(caches.schedules),
      watchSource(caches.runs, (change) => scheduleOf(either(change))),
    ],
    recheck: { everyMs: RECHECK_MS, keys: () => caches.schedules.keys() },
  });
}

/** The schedule that a run belongs to, if it belongs to one. */
function scheduleOf(run: KubeObject): string[] {
  const owner = controllerOf(run);
  return owner?.kind === agentSchedules.kind ? [`${run.metadata.namespace}/${owner.name}`] : [];
}
