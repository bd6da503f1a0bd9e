import { FINALIZER_IN_USE, FINALIZER_WORKTREE } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { watchResource } from "../client/watch.ts";
import { namespaces } from "../kube/builtin.ts";
import { isDeleting, type KubeObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";
import type { Controller } from "../runtime/controller.ts";
import type { Log } from "../runtime/log.ts";
import type { Caches } from "./caches.ts";

const OURS: ReadonlySet<string> = new Set([FINALIZER_IN_USE, FINALIZER_WORKTREE]);

/** Requests at the same time: the permission to send them may be about to go. */
const CONCURRENCY = 32;

/** Of the time that a pod gets for its end. */
const RELEASE_LIMIT_MS = 8_000;

export interface WithdrawalOptions {
  client: Client;
  caches: Pick<Caches, "runs" | "workspaces">;
  controllers: readonly Controller[];
  /** The operator's own namespace. */
  namespace: string;
  isLeading: () => boolean;
  /** Throws when this process must not write any more. */
  permit: () => void;
  log: Log;
}

/**
 * Lets nothing wait for an operator that is no longer there: its finalizers are taken off everything
 * once its own namespace is being deleted, and at its end off everything that is not being deleted
 * already, which its successor sees to. The next start puts them back if they are needed.
 */
export function prepareWithdrawal(options: WithdrawalOptions): { complete(): Promise<void> } {
  const { client, controllers, namespace, log } = options;
  const ending = new AbortController();
  const stopControllers = (graceMs?: number) =>
    Promise.all(controllers.map((controller) => controller.stop(graceMs)));

  async function leaveWithNamespace(): Promise<boolean> {
    if (!(await untilNamespaceGoes(client, namespace, ending.signal))) return false;
    log.warn({ namespace }, "the operator's namespace is being deleted: it stops working");
    await stopControllers(0);
    await releaseFinalizers(options, "all");
    return true;
  }

  const left = leaveWithNamespace();
  return {
    complete: async () => {
      ending.abort();
      const isDone = await left;
      await stopControllers();
      if (!isDone) await releaseFinalizers(options, "notDeleting");
    },
  };
}

/** Never rejects: what could not be released is logged. */
async function releaseFinalizers(options: WithdrawalOptions, which: "all" | "notDeleting"): Promise<void> {
  const { caches, log } = options;
  if (!options.isLeading()) return;
  const held = [caches.runs, caches.workspaces].flatMap((cache) =>
    [...cache.list()]
      .filter(({ metadata }) => metadata.finalizers?.some((name) => OURS.has(name)))
      .filter((object) => which === "all" || !isDeleting(object))
      .map((object) => ({ type: cache.type, object })),
  );
  if (held.length === 0) return;
  const signal = AbortSignal.timeout(RELEASE_LIMIT_MS);
  const failures: unknown[] = [];
  const next = held.values();
  const work = async (): Promise<void> => {
    for (const { type, object } of next) {
      await releaseOne(options, type, object, signal).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  const released = held.length - failures.length;
  if (failures.length === 0) log.info({ released }, "took the finalizers off what is guarded");
  else log.error({ released, failed: failures.length, error: failures[0] }, "some finalizers stay");
}

async function releaseOne(
  { client, permit }: WithdrawalOptions,
  type: ResourceType,
  object: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name = "" } = object.metadata;
  const at = { name, ...(namespace !== undefined && { namespace }) };
  for (let current = object; ;) {
    permit();
    const { resourceVersion, uid } = current.metadata;
    const finalizers = (current.metadata.finalizers ?? []).filter((each) => !OURS.has(each));
    try {
      await client.patch(type, at, { metadata: { resourceVersion, uid, finalizers } }, { signal });
      return;
    } catch (error) {
      if (isApiError(error, "NotFound")) return;
      if (!isApiError(error, "Conflict")) throw error;
    }
    current = await client.get(type, at, { signal });
  }
}

/**
 * Resolves to true once the namespace is being deleted; to false when `signal` aborts, or if the
 * permission to watch it is missing.
 */
async function untilNamespaceGoes(client: Client, name: string, signal: AbortSignal): Promise<boolean> {
  const selected = { fieldSelector: `metadata.name=${name}`, signal };
  for await (const event of watchResource(client, namespaces, selected)) {
    if (event.kind === "delete") return true;
    if (event.kind === "upsert" && isDeleting(event.object)) return true;
    if (event.kind === "disconnected" && event.error.code === 403) return false;
  }
  return false;
}
