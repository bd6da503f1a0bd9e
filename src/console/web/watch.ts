import { LABEL_RUN } from "../../api/labels.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { pathOf, type ResourceType } from "../../kube/resources.ts";
import { CallError, call, k8s } from "./api.ts";
import { linesOf } from "./lines.ts";

const PAGE_SIZE = 500;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 5_000];
const GONE = 410;

/** Whom a watch keeps informed. */
export interface ObjectsListener<T> {
  /** A list begins: what is not in it until `synced` no longer exists. */
  listing(): void;
  upsert(object: T): void;
  removed(object: T): void;
  synced(): void;
  /** Undefined: connected. */
  connection(lost: string | undefined): void;
}

export interface Watched<T extends KubeObject> {
  type: ResourceType<T>;
  /** Undefined: all. */
  namespace: string | undefined;
  name?: string;
  /** Only the children of this run. */
  run?: string;
}

/**
 * Lists and watches objects until `signal` aborts. A watch that breaks is resumed where it was. Rejects with the
 * `CallError` of what trying again cannot mend: a refusal.
 */
export async function watchObjects<T extends KubeObject>(
  watched: Watched<T>,
  listener: ObjectsListener<T>,
  signal: AbortSignal,
): Promise<void> {
  const path = pathOf(watched.type, watched.namespace === undefined ? {} : { namespace: watched.namespace });
  const only: Record<string, string> = {
    ...(watched.name === undefined ? {} : { fieldSelector: `metadata.name=${watched.name}` }),
    ...(watched.run === undefined ? {} : { labelSelector: `${LABEL_RUN}=${watched.run}` }),
  };
  let version: string | undefined;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      version ??= await list(path, only, listener, signal);
      const query = new URLSearchParams({
        watch: "true",
        allowWatchBookmarks: "true",
        resourceVersion: version,
        ...only,
      });
      const { body } = await call("GET", k8s(`${path}?${query}`), { signal });
      listener.connection(undefined);
      pause = FIRST_PAUSE_MS;
      if (body === null) continue;
      for await (const line of linesOf(body)) version = take(line, listener) ?? version;
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) throw error;
      if (error instanceof CallError && error.code === GONE) version = undefined;
      listener.connection(error instanceof Error ? error.message : String(error));
    }
    await rest(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** Reports every object of the list; the resourceVersion that it holds at. */
async function list<T extends KubeObject>(
  path: string,
  only: Record<string, string>,
  listener: ObjectsListener<T>,
  signal: AbortSignal,
): Promise<string> {
  listener.listing();
  let next = "";
  for (;;) {
    const query = new URLSearchParams({
      limit: `${PAGE_SIZE}`,
      ...only,
      ...(next === "" ? {} : { continue: next }),
    });
    const response = await call("GET", k8s(`${path}?${query}`), { signal });
    const page = (await response.json()) as {
      metadata: { resourceVersion?: string; continue?: string };
      items: T[];
    };
    for (const object of page.items) listener.upsert(object);
    next = page.metadata.continue ?? "";
    if (next !== "") continue;
    listener.synced();
    return page.metadata.resourceVersion ?? "";
  }
}

/** The resourceVersion of the event. Throws what the server says in an ERROR event. */
function take<T extends KubeObject>(line: string, listener: ObjectsListener<T>): string | undefined {
  if (line === "") return undefined;
  const event = JSON.parse(line) as
    | { type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; object: T }
    | { type: "ERROR"; object: { code?: number; message?: string } };
  if (event.type === "ERROR")
    throw new CallError(event.object.code ?? 0, event.object.message ?? "the server has ended the watch");
  if (event.type === "DELETED") listener.removed(event.object);
  else if (event.type !== "BOOKMARK") listener.upsert(event.object);
  return event.object.metadata.resourceVersion;
}

function isFinal(error: unknown): boolean {
  return error instanceof CallError && [401, 403, 404].includes(error.code);
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
