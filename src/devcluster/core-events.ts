import type { ObjectReference } from "../kube/builtin.ts";
import type { KubeObject } from "../kube/objects.ts";
import { apiVersionOf, resourceType, type ResourceType } from "../kube/resources.ts";
import { timestamp } from "../kube/time.ts";

/** core/v1 Event, the form in which the components of a cluster itself write theirs. Source: k8s.io/api/core/v1. */
export interface CoreEvent extends KubeObject {
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

export const coreEvents = resourceType<CoreEvent>("", "v1", "events", "Event");

/** What a component tells users about an object, or about the part of it at `fieldPath`. */
export interface EventDetails {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  fieldPath?: string;
}

/** Tells that a part of an object, by its path, has no effect. */
export function notSupported(path: string): EventDetails {
  const message = `${path} is not supported by this cluster and has no effect`;
  return { type: "Warning", reason: "NotSupported", message };
}

/** Longer messages are cut. Source: ValidateEvent. */
const LONGEST_MESSAGE = 1024;

/** The event of this name that `component`, on `host` if it has one, makes of a details. */
export function coreEvent(
  type: ResourceType,
  about: KubeObject,
  details: EventDetails,
  from: { component: string; host?: string },
  name: string,
  now: Date,
): CoreEvent {
  const { namespace = "default", uid, resourceVersion } = about.metadata;
  const { fieldPath, message, ...said } = details;
  const involvedObject = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    namespace: about.metadata.namespace,
    name: about.metadata.name,
    uid,
    resourceVersion,
    fieldPath,
  };
  return {
    metadata: { name, namespace },
    involvedObject,
    ...said,
    message: message.slice(0, LONGEST_MESSAGE),
    source: from,
    reportingComponent: from.component,
    reportingInstance: from.host ?? "",
    firstTimestamp: timestamp(now),
    lastTimestamp: timestamp(now),
    count: 1,
  };
}
