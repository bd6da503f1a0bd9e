import type { User } from "../../../kube/access/user.ts";
import { isJsonObject, metaOf, partOf, textOf, type JsonObject } from "../../../kube/json-object.ts";
import { customResources } from "../../../kube/kinds/custom-resources.ts";
import {
  CLEANUP,
  isEstablished,
  nameConditions,
  takenNames,
} from "../../../kube/kinds/definition-resource.ts";
import { storageKey, type Resource } from "../../../kube/kinds/resource.ts";
import { readObject } from "../../../kube/kinds/served-object.ts";
import type { GoTypes } from "../../../kube/kinds/types/notation.ts";
import type { UpdateTarget } from "../../../kube/request/write-target.ts";
import { StatusError } from "../../../kube/status-error.ts";
import { timestamp } from "../../../kube/time.ts";
import type { ApiContext } from "../context.ts";
import type { StoredObject } from "../storage/table.ts";
import { deleteObject } from "../verbs/delete.ts";
import { updateObject } from "../verbs/update.ts";

/** The server itself, as the author of what it writes. */
const apiServer: User = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/**
 * Serves what the stored CustomResourceDefinitions define: names are accepted, resources appear and
 * change with them, and a deleted definition takes its objects along.
 */
export function followDefinitions(context: ApiContext, types: GoTypes, resource: Resource): void {
  const table = context.store.table(resource.storage);
  const serve = (stored: StoredObject): void => {
    const definition = readObject(resource, stored);
    const meta = metaOf(definition);
    if (meta.deletionTimestamp !== undefined) void removeInstances(context, resource, definition);
    else if (!isEstablished(definition)) void accept(context, resource, definition);
    if (isEstablished(definition)) {
      context.registry.replace(stored.name, customResources(types, definition, stored.version));
    }
  };
  for (const stored of table.values()) serve(stored);
  table.subscribe({
    event(event) {
      if (event.type === "DELETED") context.registry.replace(event.object.name, []);
      else if (isRelevant(event.object, event.previous)) serve(event.object);
    },
    end: () => undefined,
  });
}

/** A change of labels alone needs no new schemas. */
function isRelevant(now: StoredObject, before: StoredObject | undefined): boolean {
  if (before === undefined) return true;
  const relevant = ({ json }: StoredObject): string => {
    const { spec, status, metadata } = JSON.parse(json) as JsonObject;
    return JSON.stringify([spec, status, isJsonObject(metadata) ? metadata["deletionTimestamp"] : ""]);
  };
  return relevant(now) !== relevant(before);
}

function statusTarget(resource: Resource, name: string, subresource: string): UpdateTarget {
  return {
    resource,
    namespace: "",
    name,
    subresource,
    user: apiServer,
    options: { dryRun: false, fieldManager: "kube-apiserver", fieldValidation: "Ignore", force: false },
    warnings: [],
  };
}

/** Accepts the names of a new definition, unless another one has taken them. */
async function accept(context: ApiContext, resource: Resource, definition: JsonObject): Promise<void> {
  const spec = partOf(definition, "spec");
  const names = partOf(spec, "names");
  const taken = takenNames(context.registry.groups(), textOf(spec, "group"), textOf(names, "plural"), names);
  const conditions = nameConditions(taken, timestamp(context.now()));
  const change = (current: JsonObject) => {
    const status = { ...partOf(current, "status"), conditions };
    return {
      object: { ...current, status: taken === undefined ? { ...status, acceptedNames: names } : status },
    };
  };
  await ignoreRefusal(
    updateObject(context, statusTarget(resource, metaOf(definition).name ?? "", "status"), change, true),
  );
}

/** Deletes every object of a definition that is being deleted, and then lets go of the definition. */
async function removeInstances(
  context: ApiContext,
  resource: Resource,
  definition: JsonObject,
): Promise<void> {
  const meta = metaOf(definition);
  if (!meta.finalizers?.includes(CLEANUP)) return;
  const spec = partOf(definition, "spec");
  const storage = storageKey(textOf(spec, "group"), textOf(partOf(spec, "names"), "plural"));
  const served = [...context.registry.groups().values()]
    .flatMap((versions) => [...versions.values()].flat())
    .find((candidate) => candidate.storage === storage);
  const table = context.store.table(storage);
  if (served !== undefined) {
    await Promise.all(
      [...table.values()].map(({ namespace, name }) =>
        ignoreRefusal(
          deleteObject(
            context,
            { resource: served, namespace, name, user: apiServer, warnings: [] },
            {
              dryRun: false,
              gracePeriodSeconds: undefined,
              propagation: undefined,
              uid: undefined,
              resourceVersion: undefined,
            },
          ),
        ),
      ),
    );
  }
  await untilEmpty(table);
  await ignoreRefusal(
    updateObject(
      context,
      statusTarget(resource, meta.name ?? "", ""),
      (current) => {
        const currentMeta = metaOf(current);
        const finalizers = (currentMeta.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP);
        return { object: { ...current, metadata: { ...currentMeta, finalizers } } };
      },
      true,
    ),
  );
  if (context.store.table(resource.storage).get(meta.name ?? "") === undefined) {
    context.store.dropTable(storage);
  }
}

/** Resolves when finalizers have let go of the last object. */
function untilEmpty(table: ReturnType<ApiContext["store"]["table"]>): Promise<void> {
  if (table.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = table.subscribe({
      event() {
        if (table.size > 0) return;
        stop();
        resolve();
      },
      end: resolve,
    });
  });
}

/** Another writer was there first: its event brings the definition here again. */
async function ignoreRefusal(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}
