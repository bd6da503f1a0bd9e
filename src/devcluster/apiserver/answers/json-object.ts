import { isObject } from "../../../kube/json.ts";
import type { ObjectMeta } from "../../../kube/objects.ts";

/** A JSON object of unknown fields that its holder may change; `JsonObject` of kube/json.ts is one to read. */
export type MutableObject = Record<string, unknown>;

/** An object's metadata. Decoding has checked its shape; it is created if it is missing. */
export function metaOf(object: MutableObject): ObjectMeta {
  if (!isObject(object["metadata"])) object["metadata"] = {};
  return object["metadata"] as ObjectMeta;
}
