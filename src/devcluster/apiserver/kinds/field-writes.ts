import { metaOf, type MutableObject } from "../answers/json-object.ts";
import {
  applyConfiguration as applyToLive,
  conflictStatus,
  trackUpdate as track,
} from "../managed-fields/apply.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { StatusError } from "../answers/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import type { Resource } from "./resource.ts";

/** Who writes, through which subresource, and when. */
export interface FieldWriter {
  fieldManager: string;
  subresource: string;
  now: Date;
}

function writerOf(resource: Resource, writer: FieldWriter) {
  const { fieldManager, subresource, now } = writer;
  return {
    manager: fieldManager,
    apiVersion: apiVersionOf(resource),
    subresource,
    now: timestamp(now),
    type: resource.fields(),
    ...(resource.hasStatus
      ? { writes: (field: string) => (field === "status") === (subresource === "status") }
      : {}),
  };
}

/** Records in `object` which fields this write set; `before` is undefined for a create. */
export function trackUpdate(
  resource: Resource,
  before: MutableObject | undefined,
  object: MutableObject,
  writer: FieldWriter,
): void {
  const tracked = track(before ?? resource.empty(), object, writerOf(resource, writer)) as MutableObject;
  const { managedFields } = metaOf(tracked);
  const meta = metaOf(object);
  if (managedFields === undefined) delete meta.managedFields;
  else meta.managedFields = managedFields;
}

/** An applied configuration merged into the live object (undefined: into a new one); throws 409 on conflicts. */
export function applyConfiguration(
  resource: Resource,
  live: MutableObject | undefined,
  configuration: MutableObject,
  applier: FieldWriter & { force: boolean },
): MutableObject {
  const result = applyToLive(live ?? resource.empty(), configuration, {
    ...writerOf(resource, applier),
    force: applier.force,
  });
  if (result.conflicts !== undefined) throw new StatusError(conflictStatus(result.conflicts));
  return structuredClone(result.object) as MutableObject;
}
