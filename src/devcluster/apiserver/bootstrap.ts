import { apiServerUser } from "./access/user.ts";
import { bootstrapObjects } from "./answers/bootstrap-objects.ts";
import { metaOf } from "./answers/json-object.ts";
import { decodeObject } from "./request/body.ts";
import type { WriteTarget } from "./request/target.ts";
import type { ApiContext } from "./context.ts";
import { createObject } from "./verbs/create.ts";

/** How the server itself writes what is in no namespace. */
export function ownTarget(resource: WriteTarget["resource"], name: string, subresource = ""): WriteTarget {
  return {
    resource,
    namespace: "",
    name,
    subresource,
    user: apiServerUser,
    options: { dryRun: false, fieldManager: "kube-apiserver", fieldValidation: "Ignore", force: false },
    warnings: [],
  };
}

/** Creates what every cluster has from the start, if it is missing. */
export async function bootstrap(context: ApiContext): Promise<void> {
  const creations = bootstrapObjects().flatMap(({ group, plural, objects }) => {
    const resource = context.registry.find(group, "v1", plural);
    if (resource === undefined) throw new Error(`no resource ${plural} in group "${group}"`);
    const table = context.store.table(resource.storage);
    return objects.map(async (document) => {
      const object = decodeObject(resource, document, { fieldValidation: "Strict" }, []);
      const { name = "" } = metaOf(object);
      if (table.get(name) === undefined) await createObject(context, ownTarget(resource, name), object);
    });
  });
  await Promise.all(creations);
}
