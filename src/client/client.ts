import type { KubeList, KubeObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";

export interface Location {
  namespace?: string;
  name: string;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Ask for PartialObjectMetadata only. */
  metadataOnly?: boolean;
  signal?: AbortSignal;
}

export type PatchType = "merge" | "json" | "strategic" | "apply";

export interface PatchOptions {
  type?: PatchType;
  subresource?: string;
  fieldManager?: string;
  force?: boolean;
  dryRun?: boolean;
  signal?: AbortSignal;
}

export interface DeleteOptions {
  propagationPolicy?: "Foreground" | "Background" | "Orphan";
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  signal?: AbortSignal;
}

/**
 * Typed calls on any resource. Every method rejects with `ApiError` when the server answers with a
 * failure, and with `ApiError` of reason `""` and code 0 when no answer came.
 */
export interface Client {
  get<T extends KubeObject>(
    type: ResourceType<T>,
    at: Location,
    options?: { signal?: AbortSignal },
  ): Promise<T>;
  /** One page; `metadata.continue` tells whether there are more. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: { dryRun?: boolean }): Promise<T>;
  /** PUT; with `resourceVersion` in the object it is an optimistic update. */
  replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: { subresource?: string },
  ): Promise<T>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    at: Location,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>;
  delete(type: ResourceType, at: Location, options?: DeleteOptions): Promise<void>;
  /** Any path, for logs, health and discovery. Rejects with `ApiError` on a failure status. */
  getText(path: string, options?: { signal?: AbortSignal }): Promise<string>;
  /** A body as it arrives, for `…/log?follow=true`. */
  getStream(path: string, options?: { signal?: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
}
