import type { HttpRequest, HttpResponse, Transport } from "../../../src/client/transport.ts";
import { bodyOf } from "../../../src/client/transport.ts";
import { applyMergePatch } from "../../../src/kube/merge-patch.ts";
import type { KubeObject } from "../../../src/kube/objects.ts";
import { labelsMatch, parseLabelSelector, type LabelSelector } from "../../../src/kube/selectors.ts";

/** A write that reached the API. */
export interface SeenWrite {
  at: number;
  method: string;
  resource: string;
  name: string;
  subresource: string | undefined;
  body: unknown;
}

interface Change {
  version: number;
  resource: string;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: KubeObject;
}

/** What the API answers with instead of doing as it is asked. */
export interface Answer {
  status: number;
  body: unknown;
}

export interface ScriptedApiOptions {
  now: () => number;
  /** A container's log. */
  log: (pod: string, container: string) => { status: number; text: string };
  /** Changes a new object before it is stored, as the API server and its webhooks do; or refuses it. */
  admit?: (resource: string, object: KubeObject) => Answer | undefined;
}

/**
 * An API in memory that stores everything that it gets, however impossible: the recorded objects of a real one. It serves
 * lists, watches, reads, creations, merge patches and deletions, and notes each write.
 */
export class ScriptedApi {
  readonly writes: SeenWrite[] = [];
  readonly #options: ScriptedApiOptions;
  readonly #objects = new Map<string, KubeObject>();
  readonly #changes: Change[] = [];
  readonly #watchers = new Set<() => void>();
  #version = 1_000;

  constructor(options: ScriptedApiOptions) {
    this.#options = options;
  }

  get(resource: string, name: string): KubeObject | undefined {
    return this.#objects.get(`${resource}/${name}`);
  }

  list(resource: string): KubeObject[] {
    return [...this.#objects].flatMap(([key, object]) => (key.startsWith(`${resource}/`) ? [object] : []));
  }

  /** Stores the object as it is, under a new resourceVersion. */
  put(resource: string, object: KubeObject): KubeObject {
    const name = object.metadata.name ?? "";
    const type = this.get(resource, name) ? "MODIFIED" : "ADDED";
    const stored = this.#numbered(object);
    this.#objects.set(`${resource}/${name}`, stored);
    this.#tell(type, resource, stored);
    return stored;
  }

  remove(resource: string, name: string, last?: KubeObject): void {
    const known = this.get(resource, name);
    if (!known) return;
    this.#objects.delete(`${resource}/${name}`);
    this.#tell("DELETED", resource, this.#numbered(last ?? known));
  }

  /** Tells every watch how far it has come, as servers do about once a minute. */
  bookmark(): void {
    for (const wake of this.#watchers) wake();
  }

  readonly transport: Transport = (request) => Promise.resolve(this.#answer(request));

  #numbered(object: KubeObject): KubeObject {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
  }

  #tell(type: Change["type"], resource: string, object: KubeObject): void {
    this.#changes.push({ version: this.#version, resource, type, object });
    for (const wake of this.#watchers) wake();
  }

  #answer(request: HttpRequest): HttpResponse {
    const url = new URL(request.path, "http://api");
    const { resource, name, subresource } = partsOf(url.pathname);
    if (request.method === "GET") {
      if (url.searchParams.get("watch") === "true") return this.#watch(resource, url, request.signal);
      if (subresource === "log") return this.#log(name, url.searchParams.get("container") ?? "");
      return name === "" ? this.#listed(resource, url) : this.#found(resource, name);
    }
    const body: unknown = JSON.parse(bodyOf(request) || "{}");
    const { now } = this.#options;
    this.writes.push({ at: now(), method: request.method, resource, name, subresource, body });
    if (request.method === "POST") return this.#create(resource, body as KubeObject);
    const known = this.get(resource, name);
    if (!known) return failure(404, "NotFound", `${resource} "${name}" not found`);
    if (request.method === "DELETE") return this.#delete(resource, known, body);
    return this.#patch(resource, known, body as Partial<KubeObject>);
  }

  #create(resource: string, object: KubeObject): HttpResponse {
    const name = object.metadata.name ?? "";
    if (this.get(resource, name))
      return failure(409, "AlreadyExists", `${resource} "${name}" already exists`);
    const uid = `uid-of-${resource}-${name}-${this.#version}`;
    const creationTimestamp = secondsOf(this.#options.now());
    const created = { ...object, metadata: { ...object.metadata, uid, creationTimestamp } };
    const refused = this.#options.admit?.(resource, created);
    if (refused) return json(refused.body, refused.status);
    return json(this.put(resource, created), 201);
  }

  #patch(resource: string, known: KubeObject, patch: Partial<KubeObject>): HttpResponse {
    const { metadata } = patch;
    const name = known.metadata.name ?? "";
    if (metadata?.uid !== undefined && metadata.uid !== known.metadata.uid)
      return failure(409, "Conflict", `the uid of ${resource} "${name}" is another`);
    const version = metadata?.resourceVersion;
    if (version !== undefined && version !== known.metadata.resourceVersion)
      return failure(409, "Conflict", `${resource} "${name}" has been modified`);
    return json(this.put(resource, applyMergePatch(known, patch) as KubeObject));
  }

  /** In the background the object goes at once; in the foreground it waits for what it owns, for ever here. */
  #delete(resource: string, known: KubeObject, options: unknown): HttpResponse {
    const { preconditions, propagationPolicy } = options as {
      preconditions?: { uid?: string };
      propagationPolicy?: string;
    };
    const { name = "", uid, finalizers = [] } = known.metadata;
    if (preconditions?.uid !== undefined && preconditions.uid !== uid)
      return failure(409, "Conflict", `the uid of ${resource} "${name}" is another`);
    if (propagationPolicy === "Foreground") {
      const deletionTimestamp = secondsOf(this.#options.now());
      const waiting = {
        ...known.metadata,
        deletionTimestamp,
        finalizers: [...finalizers, "foregroundDeletion"],
      };
      this.put(resource, { ...known, metadata: waiting });
    } else this.remove(resource, name);
    return json({ kind: "Status", status: "Success" });
  }

  #found(resource: string, name: string): HttpResponse {
    const known = this.get(resource, name);
    return known ? json(known) : failure(404, "NotFound", `${resource} "${name}" not found`);
  }

  #listed(resource: string, url: URL): HttpResponse {
    const wanted = selectionOf(url);
    const items = this.list(resource).filter(wanted);
    return json({ metadata: { resourceVersion: String(this.#version) }, items });
  }

  #log(pod: string, container: string): HttpResponse {
    const { status, text } = this.#options.log(pod, container);
    return status === 200 ? answer(200, text) : failure(status, "", text);
  }

  #watch(resource: string, url: URL, signal: AbortSignal | undefined): HttpResponse {
    const events = this.#events(resource, url, signal ?? new AbortController().signal);
    return { ...answer(200, ""), chunks: () => events };
  }

  async *#events(
    resource: string,
    url: URL,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const wanted = selectionOf(url);
    let reached = Number(url.searchParams.get("resourceVersion"));
    for (;;) {
      const news = this.#changes.filter(({ version, resource: of }) => version > reached && of === resource);
      reached = this.#version;
      for (const { type, object } of news) if (wanted(object)) yield line({ type, object });
      yield line({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(reached) } } });
      if (reached === this.#version) await this.#news(signal);
      signal.throwIfAborted();
    }
  }

  /** Resolves at the next change of whatever resource, at a bookmark and when the watch is given up. */
  #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      this.#watchers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    this.#watchers.add(wake);
    signal.addEventListener("abort", wake);
    return promise;
  }
}

/** The plural name is unique among what the operator asks for. */
function partsOf(pathname: string): { resource: string; name: string; subresource: string | undefined } {
  const parts = pathname.split("/").slice(pathname.startsWith("/apis/") ? 4 : 3);
  const [resource = "", name = "", subresource] = parts[0] === "namespaces" ? parts.slice(2) : parts;
  return { resource, name, subresource };
}

function selectionOf(url: URL): (object: KubeObject) => boolean {
  const { value = [] as LabelSelector } = parseLabelSelector(url.searchParams.get("labelSelector") ?? "");
  const [field, wanted] = url.searchParams.get("fieldSelector")?.split("=") ?? [];
  return (object) =>
    labelsMatch(value, object.metadata.labels) &&
    (field !== "type" || Reflect.get(object, "type") === wanted);
}

function line(event: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}

function json(body: unknown, status = 200): HttpResponse {
  return answer(status, JSON.stringify(body));
}

function failure(code: number, reason: string, message: string): HttpResponse {
  return json({ kind: "Status", status: "Failure", code, reason, message }, code);
}

function answer(status: number, text: string): HttpResponse {
  return {
    status,
    headers: {},
    text: () => Promise.resolve(text),
    bytes: () => Promise.resolve(Buffer.from(text)),
    async *chunks() {
      yield Buffer.from(text);
    },
  };
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function secondsOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
