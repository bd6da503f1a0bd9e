import { randomInt } from "node:crypto";
import { bookmarkObject, renderObject } from "../../../kube/kinds/render.ts";
import type { Resource } from "../../../kube/kinds/resource.ts";
import type { Negotiated } from "../../../kube/request/accept.ts";
import { checkInitialEvents, parseWatchVersion } from "../../../kube/request/list-options.ts";
import { isTrue } from "../../../kube/request/request-info.ts";
import { expired, StatusError, versionTooLarge } from "../../../kube/status-error.ts";
import type { ApiContext } from "../context.ts";
import type { ApiRequest, ApiResponse, Sink } from "../http/request.ts";
import type { ResourceTable, StoredObject, StoreEvent } from "../storage/table.ts";
import { parseFilter, type Filter } from "./filter.ts";

type EventType = StoreEvent["type"];

const BOOKMARK_EVERY_MS = 30_000;
const SHORTEST_DEFAULT_SECONDS = 1800;

interface Watch {
  readonly context: ApiContext;
  readonly resource: Resource;
  readonly filter: Filter;
  readonly form: Negotiated;
  readonly bookmarks: boolean;
  readonly timeoutSeconds: number;
  readonly includeObject: string;
}

/** Answers a watch: a stream of events from the version that the query names. */
export async function watchObjects(
  context: ApiContext,
  resource: Resource,
  namespace: string,
  request: ApiRequest,
  form: Negotiated,
): Promise<ApiResponse> {
  const { query } = request;
  const filter = parseFilter(resource, namespace, query);
  const sendInitial = checkInitialEvents(query);
  const text = query.get("resourceVersion") ?? "";
  const from = parseWatchVersion(text);
  const current = context.store.version();
  if (from > current) throw versionTooLarge(from, current);
  const timeout = Number(query.get("timeoutSeconds") ?? 0);
  const watch: Watch = {
    context,
    resource,
    filter,
    form,
    bookmarks: isTrue(query.get("allowWatchBookmarks")),
    timeoutSeconds:
      Number.isFinite(timeout) && timeout > 0
        ? timeout
        : SHORTEST_DEFAULT_SECONDS + randomInt(SHORTEST_DEFAULT_SECONDS),
    includeObject: query.get("includeObject") ?? "Metadata",
  };
  const table = context.store.table(resource.storage);
  const wantsInitial = sendInitial ?? from === 0;
  await context.store.settled();
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body(sink) {
      if (wantsInitial) startFromState(watch, table, sink, request.signal, sendInitial === true);
      else startFromVersion(watch, table, sink, request.signal, from === 0 ? current : from);
    },
  };
}

/** Present objects first, each as ADDED, then changes. */
function startFromState(
  watch: Watch,
  table: ResourceTable,
  sink: Sink,
  signal: AbortSignal,
  markEnd: boolean,
): void {
  const version = watch.context.store.durableVersion();
  const { objects } = table.pageAt(version, watch.filter.namespace, "", Infinity) ?? { objects: [] };
  const send = createSender(watch, sink);
  for (const stored of objects) {
    if (watch.filter.matches(stored) && !send.object("ADDED", stored)) return sink.end();
  }
  if (markEnd && watch.bookmarks) send.bookmark(version, { "k8s.io/initial-events-end": "true" });
  follow(watch, table, sink, signal, { version, send });
}

function startFromVersion(
  watch: Watch,
  table: ResourceTable,
  sink: Sink,
  signal: AbortSignal,
  from: number,
): void {
  const send = createSender(watch, sink);
  const missed = table.since(from);
  if (missed === undefined) {
    send.error(expired(`too old resource version: ${from} (${table.oldest()})`));
    return sink.end();
  }
  const durable = watch.context.store.durableVersion();
  for (const event of missed) {
    if (event.version <= durable && !deliver(watch, event, send)) return sink.end();
  }
  follow(watch, table, sink, signal, { version: Math.max(from, durable), send });
}

function follow(
  watch: Watch,
  table: ResourceTable,
  sink: Sink,
  signal: AbortSignal,
  state: { version: number; send: Sender },
): void {
  const { send } = state;
  let seen = state.version;
  const stop = (): void => {
    unsubscribe();
    clearTimeout(timeout);
    clearInterval(bookmarks);
    signal.removeEventListener("abort", stop);
    sink.end();
  };
  const unsubscribe = table.subscribe({
    event(event) {
      if (event.version <= seen) return;
      seen = event.version;
      if (!deliver(watch, event, send)) stop();
    },
    end: () => stop(),
  });
  const timeout = setTimeout(() => {
    if (watch.bookmarks) send.bookmark(watch.context.store.durableVersion());
    stop();
  }, watch.timeoutSeconds * 1000);
  const bookmarks = setInterval(() => {
    if (watch.bookmarks && !send.bookmark(watch.context.store.durableVersion())) stop();
  }, BOOKMARK_EVERY_MS);
  timeout.unref();
  bookmarks.unref();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

/** An object that enters the selection is ADDED, one that leaves it DELETED. False: the reader is gone. */
function deliver(watch: Watch, event: StoreEvent, send: Sender): boolean {
  const { filter } = watch;
  const is = event.type !== "DELETED" && filter.matches(event.object);
  const was = event.previous !== undefined && filter.matches(event.previous);
  if (is) return send.object(was ? "MODIFIED" : "ADDED", event.object, event);
  if (!was) return true;
  if (event.type === "DELETED") return send.object("DELETED", event.object, event);
  // It left the selection: its last state inside, with the version of the change.
  const left = JSON.parse(event.previous.json) as { metadata: { resourceVersion: string } };
  left.metadata.resourceVersion = String(event.version);
  return send.object("DELETED", {
    ...event.previous,
    version: event.version,
    json: JSON.stringify(left),
  });
}

interface Sender {
  /** False when the reader does not keep up or is gone. */
  object(type: EventType, stored: StoredObject, shared?: StoreEvent): boolean;
  bookmark(version: number, annotations?: Record<string, string>): boolean;
  error(error: StatusError): void;
}

function createSender(watch: Watch, sink: Sink): Sender {
  const { resource, form } = watch;
  let withColumns = true;
  const frame = (type: string, json: string): Buffer => Buffer.from(`{"type":"${type}","object":${json}}\n`);
  const render = (type: EventType, stored: StoredObject): Buffer => {
    const { includeObject, context } = watch;
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
  };
}
