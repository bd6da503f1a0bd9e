import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HttpRequest, Transport } from "../client/transport.ts";
import type { ControllerObserver } from "./controller.ts";
import type { QueueObserver } from "./queue.ts";
import type { AnyReflector, ReflectorObserver } from "../client/cache/reflector.ts";

/** The runtime's own metrics, in a registry that others may add to. */
export interface RuntimeMetrics {
  registry: Registry;
  controller(name: string): ControllerObserver;
  reflector: ReflectorObserver;
  /** Has the number of objects in this cache counted when the metrics are read. */
  observeCache(cache: Pick<AnyReflector, "size" | "type">): void;
  /** The same transport, with every request counted and timed. */
  observeTransport(transport: Transport): Transport;
  eventDropped(why: string): void;
  /** Shows whether this process leads. Call it once; without it there is no such metric. */
  leading(isLeading: () => boolean): void;
  /** The text that Prometheus reads, and its content type. */
  render(): Promise<{ contentType: string; body: string }>;
}

const REQUEST_BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics whose names start with `prefix`. */
export function createMetrics(prefix = "agent_operator_"): RuntimeMetrics {
  const registry = new Registry();
  return {
    registry,
    ...controllerMetrics(registry, prefix),
    ...cacheMetrics(registry, prefix),
    ...clientMetrics(registry, prefix),
    ...ownMetrics(registry, prefix),
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}

function controllerMetrics(registry: Registry, prefix: string): Pick<RuntimeMetrics, "controller"> {
  const registers = [registry];
  const seconds = new Histogram({
    name: `${prefix}reconcile_duration_seconds`,
    help: "Time of one reconcile",
    labelNames: ["controller"],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const total = new Counter({
    name: `${prefix}reconciles_total`,
    help: "Reconciles by outcome: done, NotLeading, Bug, NoAnswer or the API's reason",
    labelNames: ["controller", "outcome"],
    registers,
  });
  const queue = queueMetrics(registry, prefix);
  return {
    controller: (controller) => {
      // A counter that is born at 1 has no increase.
      for (const outcome of ["done", "Bug", "Forbidden"]) total.inc({ controller, outcome }, 0);
      return {
        queue: queue(controller),
        reconciled: (outcome, took) => {
          total.inc({ controller, outcome });
          seconds.observe({ controller }, took);
        },
      };
    },
  };
}

function queueMetrics(registry: Registry, prefix: string): (controller: string) => QueueObserver {
  const registers = [registry];
  const depth = new Gauge({
    name: `${prefix}queue_depth`,
    help: "Keys that wait for a reconcile or have one under way",
    labelNames: ["controller"],
    registers,
  });
  const wait = new Histogram({
    name: `${prefix}queue_wait_seconds`,
    help: "Time from a key's arrival in the queue to its reconcile",
    labelNames: ["controller"],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  const retries = new Counter({
    name: `${prefix}queue_retries_total`,
    help: "Keys brought back after a failed reconcile",
    labelNames: ["controller"],
    registers,
  });
  return (controller) => {
    const labels = { controller };
    retries.inc(labels, 0);
    return {
      depth: (keys) => depth.set(labels, keys),
      waited: (waited) => wait.observe(labels, waited),
      retried: () => retries.inc(labels),
    };
  };
}

function cacheMetrics(
  registry: Registry,
  prefix: string,
): Pick<RuntimeMetrics, "reflector" | "observeCache"> {
  const registers = [registry];
  const events = new Counter({
    name: `${prefix}watch_events_total`,
    help: "Events of lists and watches, by kind",
    labelNames: ["resource", "kind"],
    registers,
  });
  const restarts = new Counter({
    name: `${prefix}watch_failures_total`,
    help: "Lists and watches that broke and were resumed, by reason",
    labelNames: ["resource", "reason"],
    registers,
  });
  const caches: Pick<AnyReflector, "size" | "type">[] = [];
  const objects = new Gauge({
    name: `${prefix}cache_objects`,
    help: "Objects in the caches",
    labelNames: ["resource"],
    registers,
    collect: () => {
      objects.reset();
      for (const cache of caches) objects.inc({ resource: cache.type.plural }, cache.size);
    },
  });
  return {
    reflector: {
      event: (resource, kind) => events.inc({ resource, kind }),
      disconnected: (resource, reason) => restarts.inc({ resource, reason }),
    },
    observeCache: (cache) => void caches.push(cache),
  };
}

function clientMetrics(registry: Registry, prefix: string): Pick<RuntimeMetrics, "observeTransport"> {
  const registers = [registry];
  const total = new Counter({
    name: `${prefix}api_requests_total`,
    help: "Requests to the API server by verb, resource and status code; code 0: no answer",
    labelNames: ["verb", "resource", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: `${prefix}api_request_duration_seconds`,
    help: "Time until the API server began to answer",
    labelNames: ["verb"],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  return {
    observeTransport: (transport) => async (request) => {
      const startedAt = performance.now();
      const verb = verbOf(request);
      let code = 0;
      try {
        const response = await transport(request);
        code = response.status;
        return response;
      } finally {
        total.inc({ verb, resource: resourceOf(request.path), code });
        seconds.observe({ verb }, (performance.now() - startedAt) / 1_000);
      }
    },
  };
}

function ownMetrics(registry: Registry, prefix: string): Pick<RuntimeMetrics, "eventDropped" | "leading"> {
  const registers = [registry];
  const dropped = new Counter({
    name: `${prefix}events_dropped_total`,
    help: "Events that were not written: rate, overflow or failed",
    labelNames: ["why"],
    registers,
  });
  for (const why of ["rate", "overflow", "failed"]) dropped.inc({ why }, 0);
  const memory = new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of this process",
    registers,
    collect: () => {
      memory.set(process.memoryUsage.rss());
    },
  });
  const cpu = new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of this process, user and system",
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  return {
    eventDropped: (why) => dropped.inc({ why }),
    leading: (isLeading) => {
      const leader = new Gauge({
        name: `${prefix}leader`,
        help: "1 while this process leads",
        registers,
        collect: () => {
          leader.set(isLeading() ? 1 : 0);
        },
      });
    },
  };
}

function verbOf(request: HttpRequest): string {
  if (request.method !== "GET") return request.method === "POST" ? "create" : request.method.toLowerCase();
  return /[?&]watch=/.test(request.path) ? "watch" : "get";
}

/** The plural name in a path, with its subresource, e.g. `pods/log`; no names of objects or namespaces. */
export function resourceOf(path: string): string {
  const [, root, ...rest] = (path.split("?", 1)[0] ?? "").split("/");
  if (root !== "api" && root !== "apis") return "other";
  const parts = rest.slice(root === "api" ? 1 : 2);
  const inNamespace =
    parts[0] === "namespaces" && parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize";
  const [plural = "other", , subresource] = inNamespace ? parts.slice(2) : parts;
  return subresource === undefined ? plural : `${plural}/${subresource}`;
}
