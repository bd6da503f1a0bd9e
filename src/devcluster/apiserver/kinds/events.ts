import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectAt, textAt } from "../../../kube/json.ts";

/** core/v1 names of events.k8s.io/v1 fields. Source: pkg/apis/events/v1/conversion.go. */
const CORE_NAMES: Readonly<Record<string, string>> = {
  regarding: "involvedObject",
  note: "message",
  reportingController: "reportingComponent",
  deprecatedSource: "source",
  deprecatedFirstTimestamp: "firstTimestamp",
  deprecatedLastTimestamp: "lastTimestamp",
  deprecatedCount: "count",
};

const NEW_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CORE_NAMES).map(([name, core]) => [core, name]),
);

function rename(object: MutableObject, names: Readonly<Record<string, string>>): MutableObject {
  const entries = Object.entries(object).map(([field, value]) => [names[field] ?? field, value]);
  return Object.fromEntries(entries) as MutableObject;
}

/** An events.k8s.io/v1 Event as the core/v1 Event that is stored. */
export function toCoreEvent(event: MutableObject): MutableObject {
  return { reportingComponent: "", reportingInstance: "", ...rename(event, CORE_NAMES) };
}

/** A stored core/v1 Event as an events.k8s.io/v1 Event. */
export function fromCoreEvent(event: MutableObject): MutableObject {
  const renamed = rename(event, NEW_NAMES);
  for (const field of ["reportingController", "reportingInstance"]) {
    if (renamed[field] === "") delete renamed[field];
  }
  return renamed;
}

const LIFETIME_MS = 60 * 60 * 1000;

/** Whether an Event was last seen an hour ago or earlier, the time that a server keeps them (`--event-ttl`). */
export function isExpiredEvent(event: MutableObject, now: Date): boolean {
  const times = [
    metaOf(event).creationTimestamp ?? "",
    textAt(event, "lastTimestamp"),
    textAt(objectAt(event, "series"), "lastObservedTime"),
  ];
  const seen = times.filter((time) => time !== "").map((time) => new Date(time).getTime());
  return Math.max(...seen) < now.getTime() - LIFETIME_MS;
}
