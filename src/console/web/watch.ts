import { LABEL_RUN } from "../../api/labels.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { pathOf, type ResourceType } from "../../kube/resources.ts";
import { CallError, call, k8s, shareName } from "./api.ts";
import { linesOf } from "./lines.ts";
import { joinShare, type Share } from "./share.ts";

/** The first page fills a screen, and soon. */
const [FIRST_PAGE_SIZE, PAGE_SIZE] = [100, 500];
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
 * Lists and watches objects until `signal` aborts. A watch that breaks is resumed where it was. Windows of one user that
 * watch the same have one connection for it: each lists for itself, one watches, and the others hear from it. Rejects with
 * the `CallError` of what trying again cannot mend: a refusal.
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
  const own = new AbortController();
  const ending = AbortSignal.any([signal, own.signal]);
  const share = joinShare(await shareName(`${path}?${new URLSearchParams(only)}`), ending);
  const state = createState(listener, share);
  let pause = FIRST_PAUSE_MS;
  try {
    while (!signal.aborted) {
      try {
        if (state.version() === undefined) {
          if (share.isLeading()) share.send({ relist: true });
          state.listing();
          state.listed(await list(path, only, listener, signal));
        }
        if (!share.isLeading()) {
          listener.connection(undefined);
          pause = FIRST_PAUSE_MS;
          await state.needed(signal);
          continue;
        }
        const query = new URLSearchParams({
          watch: "true",
          allowWatchBookmarks: "true",
          resourceVersion: state.version() ?? "",
          ...only,
        });
        const { body } = await call("GET", k8s(`${path}?${query}`), { signal });
        state.connection(undefined);
        pause = FIRST_PAUSE_MS;
        if (body === null) continue;
        for await (const line of linesOf(body)) state.take(line);
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        if (error instanceof CallError && error.code === GONE) state.forget();
        state.connection(error instanceof Error ? error.message : String(error));
      }
      await rest(pause, signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  } finally {
    own.abort();
  }
}

/** How far this window has seen, by its own watch or by that of another one. */
interface State {
  version(): string | undefined;
  /** What is heard from now on comes after the list. */
  listing(): void;
  listed(version: string): void;
  forget(): void;
  /** Takes a line of the own watch and sends it to the others. Throws what the server says in an ERROR event. */
  take(line: string): void;
  connection(lost: string | undefined): void;
  /** Resolves once there is something to do: to list again, or to watch for all. */
  needed(signal: AbortSignal): Promise<void>;
}

function createState<T extends KubeObject>(listener: ObjectsListener<T>, share: Share): State {
  let version: string | undefined;
  /** What was heard while this window still listed. */
  let early: string[] = [];
  let wake = (): void => undefined;
  const apply = (line: string): void => {
    version = take(line, listener, version) ?? version;
  };
  share.leading.addEventListener("abort", () => wake());
  share.listen((shared) => {
    if ("lost" in shared) return listener.connection(shared.lost);
    if ("relist" in shared) {
      version = undefined;
      return wake();
    }
    if (version === undefined) early.push(shared.line);
    else apply(shared.line);
  });
  return {
    version: () => version,
    listing: () => void (early = []),
    listed(at) {
      version = at;
      for (const line of early) apply(line);
      early = [];
    },
    forget: () => void (version = undefined),
    take(line) {
      apply(line);
      share.send({ line });
    },
    connection(lost) {
      listener.connection(lost);
      if (share.isLeading()) share.send({ lost });
    },
    needed(signal) {
      if (share.isLeading() || version === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
  };
}

/** Reports every object of the list; the resourceVersion that it holds at. */
async function list<T extends KubeObject>(
  path: string,
  only: Record<string, string>,
  listener: ObjectsListener<T>,
  signal: AbortSignal,
): Promise<string> {
  listener.listing();
  let asked = askPage<T>(path, { limit: `${FIRST_PAGE_SIZE}`, ...only }, signal);
  for (;;) {
    const { metadata, items } = await asked;
    const next = metadata.continue ?? "";
    // The server works on the next page while this one is taken in.
    if (next !== "") asked = askPage<T>(path, { limit: `${PAGE_SIZE}`, ...only, continue: next }, signal);
    for (const object of items) listener.upsert(object);
    if (next !== "") continue;
    listener.synced();
    return metadata.resourceVersion ?? "";
  }
}

interface Page<T> {
  metadata: { resourceVersion?: string; continue?: string };
  items: T[];
}

async function askPage<T>(
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<Page<T>> {
  const response = await call("GET", k8s(`${path}?${new URLSearchParams(query)}`), { signal });
  return (await response.json()) as Page<T>;
}

/**
 * The resourceVersion of the event; undefined for one that is not later than what was `seen`, which changes nothing.
 * Throws what the server says in an ERROR event.
 */
function take<T extends KubeObject>(
  line: string,
  listener: ObjectsListener<T>,
  seen: string | undefined,
): string | undefined {
  if (line === "") return undefined;
  const event = JSON.parse(line) as
    | { type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK"; object: T }
    | { type: "ERROR"; object: { code?: number; message?: string } };
  if (event.type === "ERROR")
    throw new CallError(event.object.code ?? 0, event.object.message ?? "the server has ended the watch");
  const version = event.object.metadata.resourceVersion;
  if (!isLater(version, seen)) return undefined;
  if (event.type === "DELETED") listener.removed(event.object);
  else if (event.type !== "BOOKMARK") listener.upsert(event.object);
  return version;
}

const NUMBER = /^[0-9]+$/;

/** Versions of one kind can be compared as numbers; what is none is taken for later. */
function isLater(version: string | undefined, seen: string | undefined): boolean {
  if (version === undefined || seen === undefined || !NUMBER.test(version) || !NUMBER.test(seen)) return true;
  return BigInt(version) > BigInt(seen);
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
