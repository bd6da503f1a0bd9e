import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Reflector } from "../../client/cache/reflector.ts";
import { createClient } from "../../client/client.ts";
import type { Transport } from "../../client/transport.ts";
import type { Pod } from "../../kube/builtin.ts";
import { startCaches, stopCaches, type ControllerOptions } from "./caches.ts";
import { startClaimController } from "./claim.ts";
import { createEventRecorder } from "./events.ts";
import { startGarbageCollector } from "./garbage-collector.ts";
import { startJobController } from "./job.ts";
import { startNamespaceController } from "./namespace.ts";
import { startScheduler } from "./scheduler.ts";

export interface ControllersOptions {
  /** A connection as the named user. */
  transport(user: string): Transport;
  /** The cluster's certificate authority, PEM. */
  ca: string;
  volumesDirectory: string;
  onProblem(message: string): void;
}

export interface Controllers {
  pods: Reflector<Pod>;
  /** The directory of a bound claim; undefined when it is not bound. */
  claimDirectory(namespace: string, claim: string): string | undefined;
  stop(): Promise<void>;
}

const REMEMBERED_PROBLEMS = 1000;

/** Starts all controllers. Resolves when they know every object that they act on. */
export async function startControllers(options: ControllersOptions): Promise<Controllers> {
  const { volumesDirectory, ca, onProblem } = options;
  mkdirSync(volumesDirectory, { recursive: true });
  const clientOf = (name: string) =>
    createClient(options.transport(`system:${name}`), { fieldManager: name });
  const client = clientOf("kube-controller-manager");
  const caches = await startCaches(client, onProblem);
  const reported = new Map<string, string>();
  const contextOf = (component: string, as = client): ControllerOptions => ({
    client: as,
    caches,
    recordEvent: createEventRecorder(as, component),
    onError(key, error) {
      const message = error instanceof Error ? error.message : String(error);
      // What fails again in the same way is no news.
      if (reported.get(`${component} ${key}`) === message) return;
      reported.set(`${component} ${key}`, message);
      if (reported.size > REMEMBERED_PROBLEMS) reported.delete(reported.keys().next().value ?? "");
      onProblem(`${component} ${key}: ${message}`);
    },
  });
  const loops = [
    startGarbageCollector(contextOf("garbage-collector")),
    startNamespaceController({ ...contextOf("namespace-controller"), ca }),
    startClaimController({ ...contextOf("persistentvolume-controller"), directory: volumesDirectory }),
    startScheduler(contextOf("default-scheduler", clientOf("kube-scheduler"))),
    startJobController(contextOf("job-controller")),
  ];
  return {
    pods: caches.pods,
    claimDirectory(namespace, name) {
      const claim = caches.claims.get(`${namespace}/${name}`);
      if (claim?.status?.phase !== "Bound" || !claim.spec.volumeName) return undefined;
      return join(volumesDirectory, claim.spec.volumeName);
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await stopCaches(caches);
    },
  };
}
