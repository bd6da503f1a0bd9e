import type { Client, Location } from "../../src/client/client.ts";
import type { WatchEvent } from "../../src/client/watch.ts";
import { watchResource } from "../../src/client/watch.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import type { ResourceType } from "../../src/kube/resources.ts";

const DEFAULT_MS = 30_000;

/**
 * Waits by a watch until the named object satisfies the condition, and gives it as it was then. Rejects
 * after the time with what was last seen.
 */
export async function waitFor<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  at: Location,
  condition: (object: T) => boolean,
  timeoutMs: number = DEFAULT_MS,
): Promise<T> {
  let last: T | undefined;
  const found = await firstEvent(client, type, at, timeoutMs, (event) => {
    if (event.kind !== "upsert") return undefined;
    last = event.object;
    return condition(event.object) ? event.object : undefined;
  });
  if (found !== undefined) return found;
  throw new Error(
    `${type.kind} ${at.name} is not as awaited after ${timeoutMs} ms: ${JSON.stringify(last ?? "absent", undefined, 2)}`,
  );
}

/** Waits by a watch until the named object does not exist. */
export async function waitForAbsence(
  client: Client,
  type: ResourceType,
  at: Location,
  timeoutMs: number = DEFAULT_MS,
): Promise<void> {
  let last: KubeObject | undefined;
  const gone = await firstEvent(client, type, at, timeoutMs, (event) => {
    if (event.kind === "upsert") last = event.object;
    if (event.kind === "listing") last = undefined;
    return event.kind === "delete" || (event.kind === "sync" && last === undefined) ? true : undefined;
  });
  if (gone === undefined) {
    throw new Error(`${type.kind} ${at.name} is still there after ${timeoutMs} ms: ${JSON.stringify(last)}`);
  }
}

async function firstEvent<T extends KubeObject, Found>(
  client: Client,
  type: ResourceType<T>,
  at: Location,
  timeoutMs: number,
  look: (event: WatchEvent<T>) => Found | undefined,
): Promise<Found | undefined> {
  const signal = AbortSignal.timeout(timeoutMs);
  const where = at.namespace === undefined ? {} : { namespace: at.namespace };
  const selected = { ...where, fieldSelector: `metadata.name=${at.name}`, signal };
  for await (const event of watchResource(client, type, selected)) {
    const found = look(event);
    if (found !== undefined) return found;
  }
  return undefined;
}
