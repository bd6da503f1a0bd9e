import { randomInt } from "node:crypto";
import { bookmarkObject, renderObject } from "../kinds/render.ts";
import type { Resource } from "../kinds/resource.ts";
import type { Negotiated } from "../request/accept.ts";
import { parseFilter, type Filter } from "../request/filter.ts";
import type { Target } from "../request/target.ts";
import { parseWatchOptions, type WatchOptions } from "../request/watch-options.ts";
import { expired, type StatusError } from "../answers/status-error.ts";
import type { ApiContext } from "../context.ts";
import type { ApiRequest, ApiResponse, Sink } from "../http/request.ts";
import { atVersion, type ResourceTable, type StoredObject, type StoreEvent } from "../storage/table.ts";

type EventType = StoreEvent["type"];

const BOOKMARK_EVERY_MS = 30_000;
const SHORTEST_DEFAULT_SECONDS = 1800;

interface Watch {
  readonly context: ApiContext;
  readonly resource: Resource;
  readonly table: ResourceTable;
  readonly filter: Filter;
  readonly form: Negotiated;
  readonly options: WatchOptions;
}

/** Answers a watch: a stream of events from the version that the query names. */
export async function watchObjects(
  context: ApiContext,
  target: Target,
  { query, signal }: ApiRequest,
  form: Negotiated,
): Promise<ApiResponse> {
  const { resource } = target;
  const filter = parseFilter(target, query);
  const options = parseWatchOptions(query, context.store.version());
  const table = context.store.table(resource.storage);
  await context.store.settled();
  const watch = { context, resource, table, filter, form, options };
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body(sink) {
      const send = createSender(watch, sink);
      const durable = context.store.durableVersion();
      const isSent =
        options.from === undefined ? sendState(watch, durable, send) : sendMissed(watch, durable, send);
      if (isSent) follow(watch, Math.max(options.from ?? 0, durable), send, signal);
      else sink.end();
    },
  };
}

/** Sends the present objects, each as ADDED. False, as below: nothing more can be sent. */
function sendState({ table, filter, options }: Watch, version: number, send: Sender): boolean {
  const range = table.range(filter.namespace, "", version);
  for (const key of range?.keys ?? []) {
    const stored = range?.get(key);
    if (stored !== undefined && filter.matches(stored) && !send.object("ADDED", stored)) return false;
  }
  return !options.marksInitialEnd || send.bookmark(version, { "k8s.io/initial-events-end": "true" });
}

/** Sends what has changed since the version that the watch starts from. */
function sendMissed(watch: Watch, durable: number, send: Sender): boolean {
  const { from = 0 } = watch.options;
  const missed = watch.table.since(from);
  if (missed === undefined) {
    send.error(expired(`too old resource version: ${from} (${watch.table.oldest()})`));
    return false;
  }
  return missed.every((event) => event.version > durable || deliver(watch, event, send));
}

/** Sends what changes after `version`, until the reader or the time is gone. */
function follow({ context, ...watch }: Watch, version: number, send: Sender, signal: AbortSignal): void {
  const { table, options } = watch;
  let seen = version;
  const stop = (): void => {
    unsubscribe();
    clearTimeout(timeout);
    clearInterval(bookmarks);
    signal.removeEventListener("abort", stop);
    send.end();
  };
  const unsubscribe = table.subscribe({
    event(event) {
      if (event.version <= seen) return;
      seen = event.version;
      if (!deliver(watch, event, send)) stop();
    },
    end: () => stop(),
  });
  const bookmark = (): boolean => !options.bookmarks || send.bookmark(context.store.durableVersion());
  const seconds = options.timeoutSeconds ?? SHORTEST_DEFAULT_SECONDS + randomInt(SHORTEST_DEFAULT_SECONDS);
  const timeout = setTimeout(() => {
    bookmark();
    stop();
  }, seconds * 1000);
  const bookmarks = setInterval(() => {
    if (!bookmark()) stop();
  }, BOOKMARK_EVERY_MS);
  timeout.unref();
  bookmarks.unref();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

/** An object that enters the selection is ADDED, one that leaves it DELETED. False: the reader is gone. */
function deliver({ filter }: Pick<Watch, "filter">, event: StoreEvent, send: Sender): boolean {
  const is = event.type !== "DELETED" && filter.matches(event.object);
  const was = event.previous !== undefined && filter.matches(event.previous);
  if (is) return send.object(was ? "MODIFIED" : "ADDED", event.object, event);
  if (!was) return true;
  if (event.type === "DELETED") return send.object("DELETED", event.object, event);
  // It left the selection: its last state inside, with the version of the change.
  return send.object("DELETED", atVersion(event.previous, event.version));
}

interface Sender {
  /** False when the reader does not keep up or is gone. */
  object(type: EventType, stored: StoredObject, shared?: StoreEvent): boolean;
  bookmark(version: number, annotations?: Record<string, string>): boolean;
  error(error: StatusError): void;
  end(): void;
}

function createSender({ context, resource, form, options }: Watch, sink: Sink): Sender {
  let withColumns = true;
  const frame = (type: string, json: string): Buffer => Buffer.from(`{"type":"${type}","object":${json}}\n`);
  const render = (type: EventType, stored: StoredObject): Buffer => {
    const { includeObject } = options;
    const json = renderObject(resource, stored, { form, includeObject, withColumns, now: context.now() });
    withColumns = false;
    return frame(type, json);
  };
  return {
    object(type, stored, shared) {
      if (form.form === "table" || shared?.rendered === undefined) return sink.write(render(type, stored));
      const key = `${type} ${form.form} ${resource.group}/${resource.version}`;
      let bytes = shared.rendered.get(key);
      if (bytes === undefined) shared.rendered.set(key, (bytes = render(type, stored)));
      return sink.write(bytes);
    },
    bookmark(version, annotations) {
      const metadata = { resourceVersion: String(version), ...(annotations ? { annotations } : {}) };
      return sink.write(frame("BOOKMARK", JSON.stringify(bookmarkObject(resource, form, metadata))));
    },
    error: (error) => void sink.write(frame("ERROR", JSON.stringify(error.status))),
    end: () => sink.end(),
  };
}
