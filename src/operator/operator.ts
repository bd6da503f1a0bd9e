import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { API_GROUP } from "../api/group.ts";
import { createClient, type Client } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import type { ResourceRequirements } from "../kube/builtin.ts";
import { collectGarbageWhenQuiet } from "../runtime/collect-garbage.ts";
import type { Controller } from "../runtime/controller.ts";
import { createEventRecorder } from "../runtime/events.ts";
import { listenHealthAndMetrics, parseBindAddress, type HealthCheck } from "../runtime/health.ts";
import { createLeaderElection, type LeaderElection } from "../runtime/leader-election.ts";
import type { Log } from "../runtime/log.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { allCaches, createCaches, type Caches } from "./caches.ts";
import { createControllers } from "./controllers.ts";
import { DEFAULT_AGENT_IMAGE, DEFAULT_GIT_IMAGE, DEFAULT_OPERATOR_IMAGE } from "./images.ts";
import { createJobStates } from "./job-states.ts";
import { catchUpWithJobs } from "./places.ts";
import { observeRuns } from "./run-metrics.ts";
import { observeSchedules } from "./schedule-metrics.ts";
import { traceRuns } from "./run-traces.ts";
import { createSecretKeys } from "./secret-keys.ts";
import { createKubernetesVersion } from "./kubernetes-version.ts";
import { createWarnings } from "./warnings.ts";
import type { CertificateLifetimes } from "./webhook-certificates.ts";
import { startWebhooks, type WebhookOptions, type Webhooks } from "./webhooks.ts";
import { prepareWithdrawal } from "./withdrawal.ts";

export interface OperatorOptions {
  /** The API server, under the identity whose permissions the operator has. */
  transport: Transport;
  /** Empty or absent: every namespace. */
  namespaces?: readonly string[];
  /** The only Secrets that the operator may read, if its role is narrowed to them. Empty or absent: every Secret. */
  secretNames?: readonly string[];
  /** Work only while holding the Lease. Default: false. */
  leaderElect?: boolean;
  leaseNamespace: string;
  /** `:8081`, `0.0.0.0:8081`; `0` turns it off. */
  healthProbeBindAddress: string;
  metricsBindAddress: string;
  /** Where admission webhooks are served; absent or `0`: nowhere. */
  webhookBindAddress?: string;
  /** How long certificates for webhooks last; absent: 90 days, their authority ten years. */
  webhookCertificates?: CertificateLifetimes;
  gitImage?: string;
  agentImage?: string;
  operatorImage?: string;
  /** What git containers ask for if an AgentConfig does not say. */
  gitResources?: ResourceRequirements;
  /** Base URL of an OTLP/HTTP receiver for traces; absent: none are sent. */
  otlpEndpoint?: string;
  log: Log;
}

export interface Operator {
  /** Resolves when all caches are synced and, with leader election, this process leads. */
  readonly working: Promise<void>;
  /** Resolves, with why, when the operator can no longer work and its process should end. */
  readonly lost: Promise<string>;
  /** Where metrics are served, which matters if port 0 asked for any free one; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  /** Lets reconciles come to their end, writes what events are left and hands the Lease over. */
  stop(): Promise<void>;
}

const LEASE_NAME = "agent-operator";
const IMAGE_PULL_TIMEOUT_SECONDS = 300;

/** Starts the operator. Rejects if a listen address is taken or malformed; everything later is retried. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { log, namespaces = [], secretNames = [] } = options;
  const metrics = createMetrics();
  const client = createClient(metrics.observeTransport(options.transport));
  const caches = createCaches({ client, namespaces, secretNames, log, observer: metrics.reflector });
  for (const cache of allCaches(caches)) metrics.observeCache(cache);
  const identity = `${hostname()}_${randomUUID()}`;
  const election = options.leaderElect ? electLeader(client, options, identity) : undefined;
  const isLeading = (): boolean => election?.isLeading() ?? true;
  metrics.leading(isLeading);
  observeRuns(metrics.registry, { runs: caches.runs, isLeading });
  observeSchedules(metrics.registry, { schedules: caches.schedules, isLeading });
  const { otlpEndpoint } = options;
  const traces =
    otlpEndpoint === undefined
      ? undefined
      : traceRuns({ runs: caches.runs, endpoint: otlpEndpoint, isLeading, log });
  const recorder = createEventRecorder({
    client,
    reportingController: `${API_GROUP}/agent-operator`,
    reportingInstance: identity,
    log,
    dropped: metrics.eventDropped,
  });
  const permit = (): void => election?.permit();
  const controllers = createControllers({
    context: {
      client,
      caches,
      record: (type, regarding, event) => recorder.record(type, regarding, event),
      permit,
      log,
    },
    reads: {
      secretKeys: createSecretKeys(client, caches),
      jobStates: createJobStates(client, caches),
      warnings: createWarnings(client),
      kubernetesVersion: createKubernetesVersion(client),
    },
    defaults: {
      gitImage: options.gitImage ?? DEFAULT_GIT_IMAGE,
      agentImage: options.agentImage ?? DEFAULT_AGENT_IMAGE,
      operatorImage: options.operatorImage ?? DEFAULT_OPERATOR_IMAGE,
      ...(options.gitResources && { gitResources: options.gitResources }),
      imagePullTimeoutSeconds: IMAGE_PULL_TIMEOUT_SECONDS,
    },
    observe: metrics.controller,
  });
  const listeners = await listenHealthAndMetrics(options, readiness(caches), metrics.render);
  const webhooks = await serveWebhooks(options, { client, caches, permit, observe: metrics.controller });
  for (const cache of allCaches(caches)) cache.start();
  election?.start();
  const takeOver = async (leader: LeaderElection): Promise<void> => {
    await leader.acquired;
    await Promise.all([caches.providers.synced, caches.configs.synced, caches.runs.synced]);
    await untilDone(() => catchUpWithJobs(client, caches, namespaces), leader, log);
  };
  const working = work(controllers, webhooks, election && takeOver(election), log);
  const endCollecting = collectGarbageWhenQuiet();
  const withdrawal = prepareWithdrawal({
    client,
    caches,
    controllers: webhooks === undefined ? controllers : [...controllers, webhooks.controller],
    log,
    permit,
    namespace: options.leaseNamespace,
    isLeading: () => election?.isLeading() ?? true,
  });
  return {
    working,
    lost: election?.lost ?? new Promise(() => undefined),
    metricsPort: listeners.get(options.metricsBindAddress)?.port,
    stop: async () => {
      endCollecting();
      await withdrawal.complete();
      await Promise.all([recorder.stop(), traces?.stop()]);
      await election?.stop();
      await Promise.all(allCaches(caches).map((cache) => cache.stop()));
      await Promise.all([webhooks?.close(), ...[...listeners.values()].map((listener) => listener.close())]);
    },
  };
}

function electLeader(
  client: Client,
  { leaseNamespace, log }: OperatorOptions,
  identity: string,
): LeaderElection {
  return createLeaderElection({ client, namespace: leaseNamespace, name: LEASE_NAME, identity, log });
}

/** On every replica: reviewing needs no Lease, only keeping the certificate does. */
async function serveWebhooks(
  { webhookBindAddress = "0", webhookCertificates, leaseNamespace, namespaces = [], log }: OperatorOptions,
  parts: Pick<WebhookOptions, "client" | "caches" | "permit" | "observe">,
): Promise<Webhooks | undefined> {
  const address = parseBindAddress(webhookBindAddress);
  if (address === undefined) return undefined;
  const lifetimes = webhookCertificates && { lifetimes: webhookCertificates };
  return startWebhooks({ ...parts, ...lifetimes, address, namespaces, namespace: leaseNamespace, log });
}

async function work(
  controllers: Controller[],
  webhooks: Webhooks | undefined,
  leading: Promise<void> | undefined,
  log: Log,
): Promise<void> {
  await leading;
  // Not waited for: without its permissions, AgentRuns are carried out anyway.
  void webhooks?.controller.start();
  await Promise.all(controllers.map((controller) => controller.start()));
  log.info({}, "caches are synced; reconciling");
}

/** Tries until the API server answers, or another process leads. */
async function untilDone(attempt: () => Promise<void>, leader: LeaderElection, log: Log): Promise<void> {
  while (leader.isLeading()) {
    try {
      return await attempt();
    } catch (error) {
      log.warn({ error }, "the Jobs could not be listed; again soon");
      await sleep(1_000, undefined, { ref: false });
    }
  }
}

/** A standby is ready too: it has its caches and waits for the Lease. A cache also reports when the API server is out of reach. */
function readiness(caches: Caches): Record<string, HealthCheck> {
  return {
    caches: () =>
      allCaches(caches)
        .map((cache) => cache.problem())
        .find((problem) => problem !== undefined),
  };
}
