import type { KubeList, KubeObject } from "../kube/objects.ts";
import { apiVersionOf, pathOf } from "../kube/resources.ts";
import type { ResourceType } from "../kube/resources.ts";
import { noAnswerError, statusError } from "./errors.ts";
import { createOmission } from "./omit.ts";
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
  /** Names of members, wherever they are, whose lists and objects are not read: they come empty. */
  omit?: readonly string[];
  signal?: AbortSignal;
}

export interface CreateOptions {
  dryRun?: boolean;
  fieldManager?: string;
  /** Ask for PartialObjectMetadata only, which is all that is then relied on in the answer. */
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
  /** One page; `metadata.continue` shows whether there are more. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<KubeList<T>>;
  /** With `metadataOnly` the answer has no spec, status or data. */
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: CreateOptions): Promise<T>;
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
  /** A body as it arrives, for watches and `…/log?follow=true`; one that breaks off rejects with `ApiError` as well. */
  getStream(
    path: string,
    options?: { accept?: string; signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>>;
}

const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
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
  return new TransportClient(transport, defaults.fieldManager);
}

class TransportClient implements Client {
  readonly #transport: Transport;
  readonly #fieldManager: string | undefined;

  constructor(transport: Transport, fieldManager: string | undefined) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
  }

  get<T extends KubeObject>(
    type: ResourceType<T>,
    at: Location,
    options: { metadataOnly?: boolean; signal?: AbortSignal } = {},
  ): Promise<T> {
    const accept = options.metadataOnly ? metadataOnlyAccept("") : "application/json";
    return this.#object(type, {
      method: "GET",
      path: pathOf(type, at),
      headers: { accept },
      ...signalOf(options),
    });
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const request = listRequest(type, options);
    type Answer = Omit<KubeList<T>, "items"> & { items: T[] | null };
    const list = await readJson<Answer>(request, await this.#exchange(request), options.omit);
    // An API server's list of metadata is null if it is empty.
    return { ...list, items: list.items === null ? [] : list.items };
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: T, options: CreateOptions = {}): Promise<T> {
    const { namespace } = object.metadata;
    return this.#object(type, {
      method: "POST",
      path: pathOf(type, namespace === undefined ? {} : { namespace }) + this.#writeQuery(options),
      headers: options.metadataOnly ? metadataHeaders : JSON_HEADERS,
      body: () => JSON.stringify(withType(type, object)),
      ...signalOf(options),
    });
  }

  async replace<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: { subresource?: string; fieldManager?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    if (name === undefined) throw new Error(`replace ${type.kind}: the object has no metadata.name`);
    const at = { name, ...(namespace !== undefined && { namespace }) };
    return this.#object(type, {
      method: "PUT",
      path: pathOf(type, { ...at, ...subresourceOf(options) }) + this.#writeQuery(options),
      headers: JSON_HEADERS,
      body: () => JSON.stringify(withType(type, object)),
      ...signalOf(options),
    });
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    at: Location,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#object(type, {
      method: "PATCH",
      path: pathOf(type, { ...at, ...subresourceOf(options) }) + this.#writeQuery(options),
      headers: { accept: "application/json", "content-type": PATCH_CONTENT_TYPES[options.type ?? "merge"] },
      body: JSON.stringify(patch),
      ...signalOf(options),
    });
  }

  async delete(type: ResourceType, at: Location, options: DeleteOptions = {}): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, preconditions } = options;
    const kind = { kind: "DeleteOptions", apiVersion: "v1" };
    const request: HttpRequest = {
      method: "DELETE",
      path: pathOf(type, at),
      headers: JSON_HEADERS,
      body: JSON.stringify({ ...kind, propagationPolicy, gracePeriodSeconds, preconditions }),
      ...signalOf(options),
    };
    await readText(request, await this.#exchange(request));
  }

  async getText(path: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    const request: HttpRequest = { method: "GET", path, headers: { accept: "*/*" }, ...signalOf(options) };
    return readText(request, await this.#exchange(request));
  }

  async getStream(
    path: string,
    options: { accept?: string; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const headers = { accept: options.accept ?? "*/*" };
    const request: HttpRequest = { method: "GET", path, headers, ...signalOf(options) };
    return readChunks(request, await this.#exchange(request));
  }

  async #object<T extends KubeObject>(type: ResourceType<T>, request: HttpRequest): Promise<T> {
    return withType(type, await readJson<T>(request, await this.#exchange(request)));
  }

  async #exchange(request: HttpRequest): Promise<HttpResponse> {
    let response: HttpResponse;
    try {
      response = await this.#transport(request);
    } catch (error) {
      throw noAnswerError(request, error);
    }
    if (response.status >= 200 && response.status < 300) return response;
    throw statusError(request, response, await response.text().catch(() => ""));
  }

  #writeQuery(options: { dryRun?: boolean; fieldManager?: string; force?: boolean }): string {
    return queryOf({
      fieldManager: options.fieldManager ?? this.#fieldManager,
      force: options.force,
      dryRun: options.dryRun ? "All" : undefined,
    });
  }
}

const JSON_HEADERS = { accept: "application/json", "content-type": "application/json" };
/** A server that cannot leave the rest out may answer with the whole object. */
const metadataHeaders = { ...JSON_HEADERS, accept: `${metadataOnlyAccept("")},application/json` };

function listRequest(type: ResourceType, options: ListOptions): HttpRequest {
  const { namespace, metadataOnly, signal: _signal, omit: _omit, ...query } = options;
  const path = pathOf(type, namespace === undefined ? {} : { namespace });
  return {
    method: "GET",
    path: path + queryOf(query),
    headers: { accept: metadataOnly ? metadataOnlyAccept("List") : "application/json" },
    ...signalOf(options),
  };
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

async function readText(request: HttpRequest, response: HttpResponse): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw noAnswerError(request, error);
  }
}

async function* readChunks(request: HttpRequest, response: HttpResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* response.chunks();
  } catch (error) {
    throw noAnswerError(request, error);
  }
}

async function readJson<T extends KubeObject | KubeList>(
  request: HttpRequest,
  response: HttpResponse,
  omit: readonly string[] = [],
): Promise<T> {
  try {
    const text = omit.length === 0 ? await response.text() : createOmission(omit)(await response.bytes());
    // The server has validated what it stores; the caller's type says which resource it asked for.
    return JSON.parse(text) as T;
  } catch (error) {
    throw noAnswerError(request, error);
  }
}
