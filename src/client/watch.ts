import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../kube/objects.ts";
import { pathOf } from "../kube/resources.ts";
import type { ResourceType } from "../kube/resources.ts";
import { metadataOnlyAccept, queryOf } from "./client.ts";
import type { Client } from "./client.ts";
import { ApiError, noAnswerError, watchStatusError } from "./errors.ts";
import { createLineSplitter } from "./lines.ts";
import { listPages } from "./list-pages.ts";
import { createOmission } from "./omit.ts";

/** What a watch reports, in order. Every object comes exactly as it was parsed, once. */
export type WatchEvent<T extends KubeObject> =
  /** A list begins, at the start or again after 410: what it has not named by `sync` no longer exists. */
  | { kind: "listing" }
  | { kind: "upsert"; object: T }
  /** The list is complete and holds at this resourceVersion. */
  | { kind: "sync"; resourceVersion: string }
  /** The object's last state. */
  | { kind: "delete"; object: T }
  /** Nothing changed up to this resourceVersion. */
  | { kind: "bookmark"; resourceVersion: string }
  /** An object that cannot be read, as a value: the watch goes on. */
  | { kind: "malformed"; message: string; key?: string }
  /** A watch is open (again). */
  | { kind: "connected" }
  /** The list or watch broke; it is resumed after `retryInMs` without losing anything. */
  | { kind: "disconnected"; error: ApiError; retryInMs: number };

export interface WatchOptions<T extends KubeObject> {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ask for PartialObjectMetadata only; objects then have no spec, status or data. */
  metadataOnly?: boolean;
  /** Names of members, wherever they are, whose lists and objects are not read: they come empty. */
  omit?: readonly string[];
  /** What is wrong with this object, if anything: it then comes as `malformed`. */
  check?: (object: T) => string | undefined;
  signal?: AbortSignal;
  /** Objects asked for in one page of a list. */
  pageSize?: number;
  /** A watch that stays silent longer is taken for dead. Servers send a bookmark about every minute. */
  idleLimitMs?: number;
  /** First pause after a failure; doubles up to `longestPauseMs`. */
  firstPauseMs?: number;
  longestPauseMs?: number;
}

/**
 * Lists and then watches one resource for ever: resumes after any failure from the last
 * resourceVersion seen, lists again when the server has forgotten it (410). Ends, without an
 * error, only when `signal` aborts or the reader stops. Never rejects because of what a server does.
 */
export async function* watchResource<T extends KubeObject>(
  client: Pick<Client, "list" | "getStream">,
  type: ResourceType<T>,
  options: WatchOptions<T> = {},
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const state: WatchState = {
    resourceVersion: undefined,
    pageSize: options.pageSize ?? 500,
    failures: 0,
    expired: 0,
  };
  const { signal } = options;
  for (;;) {
    if (signal?.aborted) return;
    const startedAt = performance.now();
    try {
      if (state.resourceVersion === undefined) yield* listAll(client, type, options, state);
      yield* watchOnce(client, type, options, state);
      // Servers end watches after timeoutSeconds; one that ends at once needs a pause like a failure.
      if (state.failures === 0 || performance.now() - startedAt > 1_000) {
        state.failures = 0;
        continue;
      }
    } catch (error) {
      if (signal?.aborted) return;
      const failure = error instanceof ApiError ? error : noAnswer(type, error);
      const retryInMs = pauseAfter(failure, state, options);
      yield { kind: "disconnected", error: failure, retryInMs };
      await pause(retryInMs, signal);
      continue;
    }
    await pause(backoffMs(state.failures, options), signal);
  }
}

/** Nobody is blind for longer after an API server is back; a request every few seconds costs it nothing. */
const LONGEST_PAUSE_MS = 2_000;

interface WatchState {
  /** Where to resume; undefined: a list is needed. */
  resourceVersion: string | undefined;
  /** Undefined: everything in one page, after a server forgot the pages' version between two of them. */
  pageSize: number | undefined;
  /** Attempts since something was last received. */
  failures: number;
  /** How often what was asked for was too old since a watch last reported something. */
  expired: number;
}

function noAnswer(type: ResourceType, error: unknown): ApiError {
  return noAnswerError({ method: "GET", path: pathOf(type) }, error);
}

function isExpired(error: ApiError): boolean {
  return error.code === 410 || error.reason === "Expired" || error.reason === "Gone";
}

/** Milliseconds to wait before the next attempt; also notes in `state` what that attempt must do. */
function pauseAfter<T extends KubeObject>(
  error: ApiError,
  state: WatchState,
  options: WatchOptions<T>,
): number {
  state.failures += 1;
  if (isExpired(error)) {
    // Whatever failed before, the server answers again: the list is asked for at once, unless that is what expires.
    if (state.resourceVersion === undefined) state.pageSize = undefined;
    state.resourceVersion = undefined;
    state.expired += 1;
    if (state.expired === 1) return 0;
  }
  const wanted = (error.retryAfterSeconds ?? 0) * 1_000;
  return Math.max(backoffMs(state.failures, options), wanted * (1 + Math.random() / 4));
}

function backoffMs<T extends KubeObject>(failures: number, options: WatchOptions<T>): number {
  const longest = options.longestPauseMs ?? LONGEST_PAUSE_MS;
  const full = Math.min(longest, (options.firstPauseMs ?? 200) * 2 ** Math.min(failures - 1, 20));
  return full * (0.5 + Math.random() / 2);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms <= 0) return;
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

async function* listAll<T extends KubeObject>(
  client: Pick<Client, "list">,
  type: ResourceType<T>,
  options: WatchOptions<T>,
  state: WatchState,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { namespace, labelSelector, fieldSelector, metadataOnly, omit, signal } = options;
  const query = {
    ...(namespace !== undefined && { namespace }),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(metadataOnly !== undefined && { metadataOnly }),
    ...(omit !== undefined && { omit }),
    ...(signal !== undefined && { signal }),
    ...(state.pageSize !== undefined && { limit: state.pageSize }),
  };
  yield { kind: "listing" };
  let resourceVersion = "";
  for await (const page of listPages(client, type, query)) {
    if (!Array.isArray(page.items) || typeof page.metadata?.resourceVersion !== "string")
      throw noAnswer(type, new Error("the answer is no list"));
    for (const item of page.items) yield objectEvent("upsert", item, options.check);
    resourceVersion = page.metadata.resourceVersion;
  }
  state.resourceVersion = resourceVersion;
  state.failures = 0;
  yield { kind: "sync", resourceVersion };
}

async function* watchOnce<T extends KubeObject>(
  client: Pick<Client, "getStream">,
  type: ResourceType<T>,
  options: WatchOptions<T>,
  state: WatchState,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const path = watchPath(type, options, state.resourceVersion);
  const accept = options.metadataOnly ? metadataOnlyAccept("") : "application/json";
  const stop = new AbortController();
  const stopToo = (): void => stop.abort();
  options.signal?.addEventListener("abort", stopToo);
  const idleLimitMs = options.idleLimitMs ?? 120_000;
  const watchdog = setTimeout(
    () => stop.abort(new Error(`nothing came for ${idleLimitMs} ms; the connection is taken for dead`)),
    idleLimitMs,
  );
  const lines = createLineSplitter(createOmission(options.omit ?? []));
  try {
    const chunks = await client.getStream(path, { accept, signal: stop.signal });
    yield { kind: "connected" };
    // Counted as a failure until something is received, so that a watch which ends at once is not a busy loop.
    state.failures += 1;
    for await (const chunk of chunks) {
      watchdog.refresh();
      for (const line of lines.push(chunk)) {
        const event = watchEvent(path, line, options.check, state);
        if (event.kind !== "malformed") state.failures = state.expired = 0;
        yield event;
        if (state.resourceVersion === undefined) return;
      }
    }
    // What is left is a line cut off by the end of the connection: it comes again when resumed.
  } finally {
    clearTimeout(watchdog);
    options.signal?.removeEventListener("abort", stopToo);
    stop.abort();
  }
}

function watchPath<T extends KubeObject>(
  type: ResourceType<T>,
  options: WatchOptions<T>,
  resourceVersion: string | undefined,
): string {
  const { namespace, labelSelector, fieldSelector } = options;
  const query = queryOf({
    watch: true,
    allowWatchBookmarks: true,
    resourceVersion,
    labelSelector,
    fieldSelector,
    // Spread out, so that many watches do not all come back in the same moment.
    timeoutSeconds: 300 + Math.floor(Math.random() * 300),
  });
  return pathOf(type, namespace === undefined ? {} : { namespace }) + query;
}

/** One line as an event. Throws ApiError for an ERROR event; notes where to resume. */
function watchEvent<T extends KubeObject>(
  path: string,
  line: string,
  check: WatchOptions<T>["check"],
  state: WatchState,
): WatchEvent<T> {
  let frame: unknown;
  try {
    frame = JSON.parse(line);
  } catch {
    // Whatever it said is lost, and a resumed watch would say it again: only a list has the truth.
    state.resourceVersion = undefined;
    return { kind: "malformed", message: `a watch event of ${line.length} characters is no JSON` };
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame) || !("object" in frame))
    return { kind: "malformed", message: "a watch event without type or object" };
  if (frame.type === "ERROR") throw watchStatusError(path, frame.object);
  const resourceVersion = resourceVersionOf(frame.object);
  if (resourceVersion !== undefined) state.resourceVersion = resourceVersion;
  if (frame.type === "BOOKMARK")
    return resourceVersion === undefined
      ? { kind: "malformed", message: "a bookmark without resourceVersion" }
      : { kind: "bookmark", resourceVersion };
  if (frame.type === "DELETED") return objectEvent("delete", frame.object, check);
  if (frame.type === "ADDED" || frame.type === "MODIFIED") return objectEvent("upsert", frame.object, check);
  return { kind: "malformed", message: `a watch event of unknown type ${JSON.stringify(frame.type)}` };
}

function resourceVersionOf(object: unknown): string | undefined {
  if (typeof object !== "object" || object === null || !("metadata" in object)) return undefined;
  const { metadata } = object;
  if (typeof metadata !== "object" || metadata === null || !("resourceVersion" in metadata)) return undefined;
  return typeof metadata.resourceVersion === "string" ? metadata.resourceVersion : undefined;
}

/** The object as it came, or why it cannot be used; only its metadata is looked at here. */
function objectEvent<T extends KubeObject>(
  kind: "upsert" | "delete",
  object: unknown,
  check: WatchOptions<T>["check"],
): WatchEvent<T> {
  if (!hasMetadata<T>(object))
    return { kind: "malformed", message: "an object without metadata.name or resourceVersion" };
  // A deletion needs no more than a name; a bad object must still be seen to go.
  const message = kind === "delete" ? undefined : check?.(object);
  if (message === undefined) return { kind, object };
  const { namespace, name } = object.metadata;
  return { kind: "malformed", message, key: namespace ? `${namespace}/${name}` : `${name}` };
}

function hasMetadata<T extends KubeObject>(object: unknown): object is T {
  if (resourceVersionOf(object) === undefined) return false;
  const { metadata } = object as KubeObject;
  return typeof metadata.name === "string" && metadata.name !== "";
}
