import { apiServerUser } from "../access/user.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { customResources } from "../kinds/custom-resources.ts";
import {
  definedStorage,
  isEstablished,
  isTerminating,
  isToBeJudged,
  released,
  withJudgedNames,
} from "../kinds/definition-resource.ts";
import type { Resource } from "../kinds/resource.ts";
import { readObject } from "../kinds/served-object.ts";
import type { GoTypes } from "../kinds/types/notation.ts";
import { PLAIN_DELETE } from "../request/delete-options.ts";
import { StatusError } from "../answers/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import { ownTarget } from "../bootstrap.ts";
import type { ApiContext } from "../context.ts";
import type { ResourceTable, StoredObject } from "../storage/table.ts";
import { deleteObject } from "../verbs/delete.ts";
import { updateObject } from "../verbs/update.ts";

/**
 * Serves what the stored CustomResourceDefinitions define: names are accepted, resources appear and
 * change with them, and a deleted definition takes its objects along.
 */
export function followDefinitions(context: ApiContext, types: GoTypes, resource: Resource): void {
  const table = context.store.table(resource.storage);
  const serve = (stored: StoredObject): void => {
    const definition = readObject(resource, stored);
    if (isTerminating(definition)) void removeInstances(context, resource, definition);
    else if (isToBeJudged(definition)) void judgeNames(context, resource, definition);
    if (isEstablished(definition)) {
      context.registry.replace(stored.name, customResources(types, definition, stored.version));
    }
  };
  for (const stored of table.values()) serve(stored);
  table.subscribe({
    event({ type, object, previous }) {
      if (type === "DELETED") context.registry.replace(object.name, []);
      // A change of labels alone needs no new schemas.
      else if (previous === undefined || essence(object) !== essence(previous)) serve(object);
    },
    end: () => undefined,
  });
}

function essence({ json }: StoredObject): string {
  const definition = JSON.parse(json) as MutableObject;
  return JSON.stringify([definition["spec"], definition["status"], metaOf(definition).deletionTimestamp]);
}

/** Accepts the names of a new definition, unless another one has taken them. */
async function judgeNames(context: ApiContext, resource: Resource, definition: MutableObject): Promise<void> {
  const change = (current: MutableObject) => ({
    object: withJudgedNames(current, context.registry.groups(), timestamp(context.now())),
  });
  const { name = "" } = metaOf(definition);
  await ignoreRefusal(updateObject(context, ownTarget(resource, name, "status"), change, true));
}

/** Deletes every object of a definition that is being deleted, and then lets go of the definition. */
async function removeInstances(
  context: ApiContext,
  resource: Resource,
  definition: MutableObject,
): Promise<void> {
  const storage = definedStorage(definition);
  const served = [...context.registry.groups().values()]
    .flatMap((versions) => [...versions.values()].flat())
    .find((candidate) => candidate.storage === storage);
  const table = context.store.table(storage);
  if (served !== undefined) {
    const deletions = [...table.values()].map(({ namespace, name }) => {
      const target = {
        resource: served,
        namespace,
        name,
        subresource: "",
        user: apiServerUser,
        warnings: [],
      };
      return ignoreRefusal(deleteObject(context, target, PLAIN_DELETE));
    });
    await Promise.all(deletions);
  }
  await untilEmpty(table);
  const { name = "" } = metaOf(definition);
  const change = (current: MutableObject) => ({ object: released(current) });
  await ignoreRefusal(updateObject(context, ownTarget(resource, name), change, true));
  if (context.store.table(resource.storage).get(name) === undefined) context.store.dropTable(storage);
}

/** Resolves when finalizers have let go of the last object. */
async function untilEmpty(table: ResourceTable): Promise<void> {
  if (table.size === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = table.subscribe({ event: () => table.size === 0 && resolve(), end: resolve });
  await promise;
  stop();
}

/** Another writer was there first: its event brings the definition here again. */
async function ignoreRefusal(write: Promise<unknown>): Promise<void> {
  await write.catch((error: unknown) => {
    if (!(error instanceof StatusError)) throw error;
  });
}
