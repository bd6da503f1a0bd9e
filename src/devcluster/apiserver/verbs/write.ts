import type { AdmissionAttempt } from "../access/admission-attempt.ts";
import { metaOf, type MutableObject } from "../answers/json-object.ts";
import type { Resource } from "../kinds/resource.ts";
import { storedJson } from "../kinds/served-object.ts";
import { decodeObject } from "../request/body.ts";
import type { ApiContext } from "../context.ts";
import type { StoredObject } from "../storage/table.ts";

/** Stores an object as its latest version; resolves, with what is stored, when that is durable. */
export function putObject(
  context: ApiContext,
  resource: Resource,
  object: MutableObject,
): Promise<StoredObject> {
  const meta = metaOf(object);
  const { namespace = "", name = "", uid = "", labels } = meta;
  return context.store.put(resource.storage, {
    namespace,
    name,
    uid,
    labels,
    json(version) {
      meta.resourceVersion = String(version);
      return storedJson(resource, object);
    },
  });
}

/** What is particular to a create or an update. */
export interface AdmissionSteps {
  /** Puts an object that webhooks have changed in order again. */
  restore(object: MutableObject): void;
  /** Throws if the object is not valid. */
  check(object: MutableObject): void;
}

/** Takes an object past admission: the cluster's own plugins, mutating webhooks, validation, validating webhooks. */
export async function admitObject(
  { admission }: ApiContext,
  attempt: AdmissionAttempt & { readonly object: MutableObject },
  steps: AdmissionSteps,
): Promise<MutableObject> {
  let { object } = attempt;
  admission.admit(attempt);
  if (admission.isActive()) {
    const changed = await admission.mutate(attempt);
    if (changed !== undefined && changed !== object) {
      object = decodeObject(attempt.resource, changed, { fieldValidation: "Ignore" }, []);
      steps.restore(object);
    }
  }
  steps.check(object);
  if (admission.isActive()) await admission.validate({ ...attempt, object });
  return object;
}
