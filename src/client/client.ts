import type { KubeList, KubeObject } from "../kube/objects.ts";
import { apiVersionOf, pathOf } from "../kube/resources.ts";
import type { ResourceType } from "../kube/resources.ts";
import { noAnswerError, statusError } from "./errors.ts";
import type { HttpRequest, HttpResponse, Transport } from "./transport.ts";

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
    options?: { metadataOnly?: boolean; signal?: AbortSignal },
  ): Promise<T>;
  /** One page; `metadata.continue` tells whether there are more. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: { dryRun?: boolean; fieldManager?: string; signal?: AbortSignal },
  ): Promise<T>;
  /** PUT; with `resourceVersion` in the object it is an optimistic update. */
  replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: { subresource?: string; fieldManager?: string; signal?: AbortSignal },
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
  /** A body as it arrives, for watches and `…/log?follow=true`. */
  getStream(
    path: string,
    options?: { accept?: string; signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
}

const patchContentTypes: Record<PatchType, string> = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** The Accept header that asks for the metadata of one object or event (`""`), or of a list. */
export function metadataOnlyAccept(suffix: "" | "List"): string {
  return `application/json;as=PartialObjectMetadata${suffix};g=meta.k8s.io;v=v1`;
}

/** A query string with its `?`, without what is undefined, empty or false; `""` when nothing is left. */
export function queryOf(values: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "" && value !== false) query.set(name, String(value));
  }
  return query.size === 0 ? "" : `?${query}`;
}

/** A client on any transport. `fieldManager` names who writes, for `managedFields`. */
export function createClient(transport: Transport, defaults: { fieldManager?: string } = {}): Client {
  const exchange = (request: HttpRequest): Promise<HttpResponse> => exchangeOn(transport, request);
  const write = async <T extends KubeObject>(type: ResourceType<T>, request: HttpRequest): Promise<T> =>
    withType(type, await readJson<T>(request, await exchange(request)));
  const fieldManagerOf = (options: { fieldManager?: string }): string | undefined =>
    options.fieldManager ?? defaults.fieldManager;

  return {
    async get<T extends KubeObject>(
      type: ResourceType<T>,
      at: Location,
      options: { metadataOnly?: boolean; signal?: AbortSignal } = {},
    ) {
      const accept = options.metadataOnly ? metadataOnlyAccept("") : "application/json";
      return write(type, {
        method: "GET",
        path: pathOf(type, at),
        headers: { accept },
        ...signalOf(options),
      });
    },
    async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}) {
      const request = listRequest(type, options);
      return readJson<KubeList<T>>(request, await exchange(request));
    },
    async create(type, object, options = {}) {
      const { namespace } = object.metadata;
      const path = pathOf(type, namespace === undefined ? {} : { namespace });
      return write(type, {
        method: "POST",
        path: path + writeQuery(options.dryRun, fieldManagerOf(options)),
        headers: jsonHeaders,
        body: JSON.stringify(withType(type, object)),
        ...signalOf(options),
      });
    },
    async replace(type, object, options = {}) {
      const { namespace, name } = object.metadata;
      if (name === undefined) throw new Error(`replace ${type.kind}: the object has no metadata.name`);
      const at = { name, ...(namespace !== undefined && { namespace }) };
      return write(type, {
        method: "PUT",
        path: pathOf(type, { ...at, ...subresourceOf(options) }) + writeQuery(false, fieldManagerOf(options)),
        headers: jsonHeaders,
        body: JSON.stringify(withType(type, object)),
        ...signalOf(options),
      });
    },
    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      at: Location,
      patch: unknown,
      options: PatchOptions = {},
    ) {
      const query = writeQuery(options.dryRun, fieldManagerOf(options), options.force);
      return write(type, {
        method: "PATCH",
        path: pathOf(type, { ...at, ...subresourceOf(options) }) + query,
        headers: { accept: "application/json", "content-type": patchContentTypes[options.type ?? "merge"] },
        body: JSON.stringify(patch),
        ...signalOf(options),
      });
    },
    async delete(type, at, options = {}) {
      const { propagationPolicy, gracePeriodSeconds, preconditions } = options;
      const request: HttpRequest = {
        method: "DELETE",
        path: pathOf(type, at),
        headers: jsonHeaders,
        body: JSON.stringify({
          kind: "DeleteOptions",
          apiVersion: "v1",
          propagationPolicy,
          gracePeriodSeconds,
          preconditions,
        }),
        ...signalOf(options),
      };
      await readText(request, await exchange(request));
    },
    async getText(path, options = {}) {
      const request: HttpRequest = { method: "GET", path, headers: { accept: "*/*" }, ...signalOf(options) };
      return readText(request, await exchange(request));
    },
    async getStream(path, options = {}) {
      const headers = { accept: options.accept ?? "*/*" };
      return (await exchange({ method: "GET", path, headers, ...signalOf(options) })).chunks();
    },
  };
}

const jsonHeaders = { accept: "application/json", "content-type": "application/json" };

function listRequest(type: ResourceType, options: ListOptions): HttpRequest {
  const { namespace, metadataOnly, signal: _signal, ...query } = options;
  const path = pathOf(type, namespace === undefined ? {} : { namespace });
  return {
    method: "GET",
    path: path + queryOf(query),
    headers: { accept: metadataOnly ? metadataOnlyAccept("List") : "application/json" },
    ...signalOf(options),
  };
}

function writeQuery(
  dryRun: boolean | undefined,
  fieldManager: string | undefined,
  force?: boolean | undefined,
): string {
  return queryOf({ fieldManager, force, dryRun: dryRun ? "All" : undefined });
}

function signalOf(options: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return options.signal === undefined ? {} : { signal: options.signal };
}

function subresourceOf(options: { subresource?: string }): { subresource?: string } {
  return options.subresource === undefined ? {} : { subresource: options.subresource };
}

/** Lists carry the type once for all items, and builders may leave it out. */
function withType<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

async function exchangeOn(transport: Transport, request: HttpRequest): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await transport(request);
  } catch (error) {
    throw noAnswerError(request, error);
  }
  if (response.status >= 200 && response.status < 300) return response;
  throw statusError(request, response, await response.text().catch(() => ""));
}

async function readText(request: HttpRequest, response: HttpResponse): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw noAnswerError(request, error);
  }
}

async function readJson<T extends KubeObject | KubeList>(
  request: HttpRequest,
  response: HttpResponse,
): Promise<T> {
  const text = await readText(request, response);
  try {
    // The server has validated what it stores; the caller's type says which resource it asked for.
    return JSON.parse(text) as T;
  } catch (error) {
    throw noAnswerError(request, error);
  }
}
