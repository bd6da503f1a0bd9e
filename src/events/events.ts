import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentRun } from "../api/agent-run.ts";
import { API_GROUP } from "../api/group.ts";
import { agentNotifiers, agentRuns, agentTriggers } from "../api/resources.ts";
import { createProjectedReflector, createReflector } from "../client/cache/reflector.ts";
import { createClient, type Client } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import { withContinued } from "../plan/place.ts";
import { createEventRecorder, type EventRecorder } from "../runtime/events.ts";
import { listenHealthAndMetrics, parseBindAddress } from "../runtime/health.ts";
import { createLeaderElection, type LeaderElection } from "../runtime/leader-election.ts";
import type { Log } from "../runtime/log.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createActors } from "./actors.ts";
import { createAppTokens } from "./app-tokens.ts";
import { listenHooks } from "./hook-server.ts";
import { deliveryMetrics, notificationMetrics } from "./metrics.ts";
import { createNotifier } from "./notifier.ts";
import { createPoller } from "./poller.ts";
import { createPublicFetch } from "./public-fetch.ts";
import { receive, type ReceiveOptions } from "./receive.ts";
import { createReporter } from "./reporter.ts";
import { createSecretReader } from "./secret-values.ts";
import { createSeen } from "./seen.ts";
import type { StartOptions } from "./start-run.ts";
import { createTriggers } from "./triggers.ts";

export interface EventsOptions {
  /** The API server, under the identity whose permissions the component has. */
  transport: Transport;
  /** Empty: every namespace. */
  namespaces: readonly string[];
  /** Report runs only while holding the Lease. Default: false. */
  leaderElect?: boolean;
  leaseNamespace: string;
  /** Where deliveries are taken: `:8082`, `127.0.0.1:0`. */
  hooksBindAddress: string;
  /** `0` turns it off. */
  healthProbeBindAddress: string;
  metricsBindAddress: string;
  /** Whether URLs in triggers may lead to this machine, its link and the API server. */
  allowLocalUrls: boolean;
  /** Addresses of the API server, which no URL of a trigger leads to. */
  apiServerAddresses: readonly string[];
  log: Log;
}

export interface EventsComponent {
  /** The port that deliveries are taken at. */
  readonly port: number;
  /** Resolves when all triggers and runs are known; until then deliveries are refused. */
  readonly working: Promise<void>;
  /** Resolves, with why, when this process may have been taken for dead and should end. */
  readonly lost: Promise<string>;
  /** Answers what has come, and takes nothing more. */
  stop(): Promise<void>;
}

/** Starts to take deliveries for triggers. Rejects if an address is taken or malformed. */
export async function startEvents(options: EventsOptions): Promise<EventsComponent> {
  const { log, namespaces } = options;
  const metrics = createMetrics();
  const deliveries = deliveryMetrics(metrics.registry);
  const notifications = notificationMetrics(metrics.registry);
  const client = createClient(metrics.observeTransport(options.transport));
  const shared = { client, namespaces, log, observer: metrics.reflector };
  const watch = { omit: ["managedFields"], pageSize: 200 };
  const triggerCache = createReflector({ ...shared, type: agentTriggers, watch });
  const notifiers = createReflector({ ...shared, type: agentNotifiers, watch });
  const runs = createProjectedReflector({ ...shared, type: agentRuns, watch, project: trimRun });
  const caches = [triggerCache, notifiers, runs];
  for (const cache of caches) metrics.observeCache(cache);
  const identity = `${hostname()}_${randomUUID()}`;
  const recorder = createEventRecorder({
    client,
    reportingController: `${API_GROUP}/agent-operator-events`,
    reportingInstance: identity,
    log,
    dropped: metrics.eventDropped,
  });
  const record: EventRecorder["record"] = (type, regarding, event) => recorder.record(type, regarding, event);
  const readSecret = createSecretReader(client, () => performance.now());
  const triggers = createTriggers({
    client,
    cache: triggerCache,
    readSecret,
    record,
    observer: metrics.controller("agenttrigger"),
    monotonicNow: () => performance.now(),
    log,
  });
  const send = options.allowLocalUrls ? fetch : createPublicFetch(options.apiServerAddresses);
  const forges = {
    readSecret,
    send,
    sleep: async (ms: number) => void (await sleep(ms)),
    appTokens: createAppTokens(readSecret),
  };
  const election = options.leaderElect ? electLeader(client, options, identity) : undefined;
  const reporter = createReporter({
    ...forges,
    runs,
    triggers,
    record,
    permit: () => election?.permit(),
    observer: metrics.controller("report"),
    log,
  });
  const notifier = createNotifier({
    client,
    notifiers,
    runs,
    readSecret,
    send,
    record,
    permit: () => election?.permit(),
    metrics: notifications,
    observer: metrics.controller("agentnotifier"),
    log,
  });
  const starting: StartOptions = {
    client,
    triggers,
    runsIn: (namespace) => runs.list(namespace),
    seen: createSeen(client),
    actors: createActors(forges),
    observe: deliveries.outcome,
  };
  const receiving: ReceiveOptions = { ...starting, readSecret };
  const poller = createPoller({
    ...starting,
    ...forges,
    client,
    cache: triggerCache,
    record,
    permit: () => election?.permit(),
    observer: metrics.controller("poll"),
    log,
  });
  const isReady = (): boolean => caches.every(({ hasSynced }) => hasSynced);
  const address = parseBindAddress(options.hooksBindAddress);
  if (!address) throw new Error("deliveries need an address to bind: use HOST:PORT or :PORT");
  const hooks = await listenHooks(
    address,
    async (request) => {
      if (!isReady()) return { status: 503, body: { message: "triggers are not known yet; send it again" } };
      const startedAt = performance.now();
      const answer = await receive(receiving, request);
      deliveries.answered((performance.now() - startedAt) / 1_000);
      return answer;
    },
    { refused: deliveries.outcome, log },
  );
  const problem = (): string | undefined =>
    caches.map((each) => each.problem()).find((each) => each !== undefined);
  const listeners = await listenHealthAndMetrics(options, { caches: problem }, metrics.render);
  for (const cache of caches) cache.start();
  election?.start();
  void Promise.resolve(election?.acquired).then(() =>
    Promise.all([reporter.start(), notifier.start(), poller.start()]),
  );
  const working = Promise.all([...caches.map(({ synced }) => synced), triggers.controller.start()]);
  return {
    port: hooks.port,
    working: working.then(() => log.info({}, "triggers are known; taking deliveries")),
    lost: election?.lost ?? new Promise(() => undefined),
    stop: async () => {
      await hooks.close();
      await Promise.all([triggers.controller.stop(), reporter.stop(), notifier.stop(), poller.stop()]);
      await election?.stop();
      await recorder.stop();
      await Promise.all(caches.map((cache) => cache.stop()));
      await Promise.all([...listeners.values()].map((listener) => listener.close()));
    },
  };
}

function electLeader(
  client: Client,
  { leaseNamespace: namespace, log }: EventsOptions,
  identity: string,
): LeaderElection {
  return createLeaderElection({ client, namespace, name: "agent-operator-events", identity, log });
}

/** Of a run, what says where its work is and who has started it: its prompt may be 100 KiB. */
function trimRun(given: AgentRun): AgentRun {
  const { metadata, spec, status } = withContinued(given);
  metadata.managedFields = undefined;
  const { publish, worktree, workspaceRef, continueFrom } = spec;
  return {
    metadata,
    spec: { publish, worktree, workspaceRef, continueFrom },
    ...(status && { status: { ...status, result: undefined, conditions: undefined } }),
  };
}
