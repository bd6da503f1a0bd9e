import { randomBytes } from "node:crypto";
import type { Client } from "../../client/client.ts";
import type { ObjectReference } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { resourceType } from "../../kube/resources.ts";

interface CoreEvent extends KubeObject {
  involvedObject: ObjectReference;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  source: { component: string; host?: string };
  reportingComponent: string;
  reportingInstance: string;
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
}

const coreEvents = resourceType<CoreEvent>("", "v1", "events", "Event");

/** Tells users what happened to an object. Never fails and never waits: events are best effort. */
export type RecordEvent = (
  about: ObjectReference,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
) => void;

const REMEMBERED = 2000;

/** Who an event is about. */
export function referenceTo(object: KubeObject, apiVersion: string, kind: string): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion,
    kind,
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

/** Events of one component; the same event again raises its count instead of making another. */
export function createEventRecorder(client: Client, component: string, host?: string): RecordEvent {
  const recorded = new Map<string, { name: string; count: number; written: Promise<unknown> }>();

  const create = (
    about: ObjectReference,
    event: Pick<CoreEvent, "type" | "reason" | "message">,
    name: string,
  ) => {
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    return client.create(coreEvents, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: about.namespace ?? "default" },
      involvedObject: about,
      ...event,
      source: { component, ...(host !== undefined && { host }) },
      reportingComponent: component,
      reportingInstance: host ?? "",
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
  };
  const raise = (namespace: string, name: string, count: number): Promise<unknown> => {
    const lastTimestamp = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    return client.patch(coreEvents, { namespace, name }, { count, lastTimestamp });
  };

  return (about, type, reason, message) => {
    const key = JSON.stringify([
      about.kind,
      about.namespace,
      about.name,
      about.uid,
      about.fieldPath,
      type,
      reason,
      message,
    ]);
    const known = recorded.get(key);
    if (known !== undefined) {
      const count = (known.count += 1);
      known.written = known.written
        .then(() => raise(about.namespace ?? "default", known.name, count))
        .catch(() => recorded.delete(key));
      return;
    }
    const name = `${about.name ?? "unknown"}.${randomBytes(8).toString("hex")}`;
    const written = create(about, { type, reason, message: message.slice(0, 1024) }, name).catch(
      () => undefined,
    );
    recorded.set(key, { name, count: 1, written });
    if (recorded.size > REMEMBERED) recorded.delete(recorded.keys().next().value ?? "");
  };
}
