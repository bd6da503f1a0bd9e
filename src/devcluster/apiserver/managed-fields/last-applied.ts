import { goJson } from "../../../kube/go-text.ts";
import { fieldOf, isObject, valueAt, withField, withoutField, type JsonObject } from "../../../kube/json.ts";
import { difference, FieldSet, union } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { compare, toFieldSet } from "./walk.ts";

/**
 * The way from client-side to server-side apply: what `kubectl apply` recorded in its annotation does not
 * conflict with `kubectl apply --server-side`. Source: apimachinery util/managedfields/internal.
 */

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
/** The only manager for which a server heeds the annotation. */
const KUBECTL = "kubectl";
const MAXIMUM_ANNOTATION_BYTES = 262_144;

function annotationOf(object: JsonObject): string | undefined {
  const text = valueAt(object, "metadata", "annotations", ANNOTATION);
  return typeof text === "string" && text !== "" ? text : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The fields that kubectl applied from the client and that are still as it applied them. */
export function appliedFromClient(live: JsonObject, manager: string, type: FieldType): FieldSet {
  const text = manager === KUBECTL ? annotationOf(live) : undefined;
  const applied = text === undefined ? undefined : parse(text);
  if (!isObject(applied)) return new FieldSet();
  const { added, modified, removed } = compare(type, applied, live);
  return difference(toFieldSet(type, applied), union(union(added, modified), removed));
}

/** The object with the annotation, if it has one, following what kubectl applied through the server. */
export function followAnnotation(object: JsonObject, config: JsonObject, manager: string): JsonObject {
  const { metadata } = object;
  if (manager !== KUBECTL || !isObject(metadata) || annotationOf(object) === undefined) return object;
  const text = `${goJson(withoutAnnotation(config))}\n`;
  const annotations = isObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const isTooLong = text.length > MAXIMUM_ANNOTATION_BYTES;
  const next = isTooLong ? withoutField(annotations, ANNOTATION) : withField(annotations, ANNOTATION, text);
  return withField(object, "metadata", withField(metadata, "annotations", next));
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const annotations = valueAt(config, "metadata", "annotations");
  if (!isObject(annotations) || fieldOf(annotations, ANNOTATION) === undefined) return config;
  const metadata = isObject(config["metadata"]) ? config["metadata"] : {};
  return withField(
    config,
    "metadata",
    withField(metadata, "annotations", withoutField(annotations, ANNOTATION)),
  );
}
