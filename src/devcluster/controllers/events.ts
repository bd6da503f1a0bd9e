import { randomBytes } from "node:crypto";
import type { Client } from "../../client/client.ts";
import { coreEvent, coreEvents, type EventDetails } from "../core-events.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import { timestamp } from "../../kube/time.ts";

/** Tells users what happened to an object. Never fails and never waits: events are best effort. */
export type RecordEvent = (type: ResourceType, about: KubeObject, details: EventDetails) => void;

const REMEMBERED = 2000;

/**
 * Events of one component; the same event again raises its count instead of making another. A scheduler's are
 * the same if only their messages differ: the first one stays.
 */
export function createEventRecorder(client: Client, component: string, host?: string): RecordEvent {
  const recorded = new Map<string, { name: string; count: number; written: Promise<unknown> }>();
  return (type, about, details) => {
    const { name: of = "unknown", namespace = "default", uid } = about.metadata;
    const { message: _, ...said } = details;
    const same = component === "default-scheduler" ? said : details;
    const key = JSON.stringify([type.kind, namespace, of, uid, same]);
    const known = recorded.get(key);
    if (known !== undefined) {
      const count = (known.count += 1);
      const raise = (): Promise<unknown> =>
        client.patch(
          coreEvents,
          { namespace, name: known.name },
          { count, lastTimestamp: timestamp(new Date()) },
        );
      known.written = known.written.then(raise).catch(() => recorded.delete(key));
      return;
    }
    const name = `${of}.${randomBytes(8).toString("hex")}`;
    const from = { component, ...(host !== undefined && { host }) };
    const event = coreEvent(type, about, details, from, name, new Date());
    const written = client.create(coreEvents, event).catch(() => undefined);
    recorded.set(key, { name, count: 1, written });
    if (recorded.size > REMEMBERED) recorded.delete(recorded.keys().next().value ?? "");
  };
}
