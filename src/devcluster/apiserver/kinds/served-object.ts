import type { MutableObject } from "../answers/json-object.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import type { Resource } from "./resource.ts";

/** One object as it is kept. */
export interface KeptObject {
  /** `""` for what is in no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** The version of the change that wrote it. */
  readonly version: number;
  /** Without `kind` and `apiVersion`, which depend on who asks. */
  readonly json: string;
}

/** A fresh copy of a stored object in the resource's own form, with `kind` and `apiVersion`. */
export function readObject(resource: Resource, stored: KeptObject): MutableObject {
  return { kind: resource.kind, apiVersion: apiVersionOf(resource), ...servedObject(resource, stored) };
}

function servedObject(resource: Resource, stored: KeptObject): MutableObject {
  const kept = JSON.parse(stored.json) as MutableObject;
  if (isStale(resource, stored)) return resource.refresh?.(kept) ?? kept;
  return resource.strategy.fromStored?.(kept) ?? kept;
}

function isStale(resource: Resource, stored: KeptObject): boolean {
  return resource.staleBefore !== undefined && stored.version < resource.staleBefore;
}

/** The text under which an object is stored: without `kind` and `apiVersion`. */
export function storedJson(resource: Resource, object: MutableObject): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return JSON.stringify(resource.strategy.toStored?.(rest) ?? rest);
}

/** The text of a stored object as the resource serves it, without parsing if that is possible. */
export function servedJson(resource: Resource, stored: KeptObject, asItem = false): string {
  const asStored = resource.strategy.fromStored === undefined && !isStale(resource, stored);
  const json = asStored ? stored.json : JSON.stringify(servedObject(resource, stored));
  if (asItem && !resource.custom) return json;
  return `{"kind":"${resource.kind}","apiVersion":"${apiVersionOf(resource)}",${json.slice(1)}`;
}

/** An object reduced to PartialObjectMetadata. */
export function metadataOnly(object: MutableObject, version: string): MutableObject {
  return { kind: "PartialObjectMetadata", apiVersion: version, metadata: object["metadata"] };
}
