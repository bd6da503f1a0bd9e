import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import type { Event, Job } from "../../kube/builtin.ts";
import { events, jobs, pods } from "../../kube/builtin.ts";
import { selfSubjectAccessReviews, selfSubjectReviews } from "../../kube/cluster-kinds.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { apiVersionOf, pathOf, type ResourceType } from "../../kube/resources.ts";
import { ANNOTATION_CANCEL, LABEL_RUN } from "../../api/labels.ts";
import { KEY_HEADER } from "../headers.ts";
import { credential } from "./credential.ts";

const STORED_KEY = "key";

export interface Session {
  context: string;
  namespace: string;
  server: string;
  /** How this browser has signed in. */
  signIn: "code" | "token";
}

/** Sent to the window when an answer says that the user is not signed in (any more). */
export const SIGNED_OUT = "console-signed-out";
const UNAUTHORIZED = 401;

export interface RunPlace {
  namespace: string;
  name: string;
}

/** A container of a pod. */
export interface ContainerPlace {
  namespace: string;
  pod: string;
  container: string;
}

/** What the page offers only to those who may do it, and what that needs. */
const ACTIONS = {
  cancel: { group: agentRuns.group, resource: agentRuns.plural, verb: "patch" },
  retry: { group: agentRuns.group, resource: agentRuns.plural, verb: "create" },
  delete: { group: agentRuns.group, resource: agentRuns.plural, verb: "delete" },
  "read its claim": { group: pods.group, resource: pods.plural, verb: "create" },
  "list its pods": { group: pods.group, resource: pods.plural, verb: "list" },
  "list its Jobs": { group: jobs.group, resource: jobs.plural, verb: "list" },
  "read its logs": { group: pods.group, resource: pods.plural, subresource: "log", verb: "get" },
} as const;

export type Action = keyof typeof ACTIONS;

export interface Cause {
  /** Such as `spec.repository.url`. */
  field: string;
  message: string;
}

/** An answer that is no success, in the server's own words. `code` 0: there was none. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: number;
  /** The server's word for it, if it has one. */
  readonly reason: string;
  /** What is wrong with which field of an object. */
  readonly causes: readonly Cause[];
  constructor(code: number, message: string, reason = "", causes: readonly Cause[] = []) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.causes = causes;
  }
}

/** One request to the console's own server. Rejects with `CallError`. */
export async function call(
  method: string,
  path: string,
  {
    body,
    contentType = "application/json",
    signal,
  }: { body?: string; contentType?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        [KEY_HEADER]: localStorage.getItem(STORED_KEY) ?? "none",
        ...credential.headers(),
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new CallError(0, "The console's server does not answer. Is it still running?");
  }
  if (response.ok) return response;
  const error = errorOf(await response.text().catch(() => ""), response.status);
  if (error.code === UNAUTHORIZED) dispatchEvent(new CustomEvent(SIGNED_OUT, { detail: error }));
  throw error;
}

/** What the answer says, of a Status or of anything else. */
function errorOf(text: string, code: number): CallError {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "message" in value)
      return new CallError(
        code,
        String(value.message),
        "reason" in value ? String(value.reason) : "",
        causesIn(value),
      );
  } catch {
    // Not every proxy on the way answers with JSON.
  }
  return new CallError(code, `status ${code}`);
}

function causesIn(status: object): Cause[] {
  const { causes = [] } = (status as { details?: { causes?: Partial<Cause>[] } }).details ?? {};
  return causes.map(({ field = "", message = "" }) => ({ field, message }));
}

/** Takes the code of the address, once; the browser keeps a cookie and a key of this origin from then on. */
export async function signIn(code: string): Promise<Session> {
  const response = await call("POST", "/session", { body: code, contentType: "text/plain" });
  const { key, session } = (await response.json()) as { key: string; session: Session };
  localStorage.setItem(STORED_KEY, key);
  return session;
}

export async function readSession(): Promise<Session> {
  return (await (await call("GET", "/session")).json()) as Session;
}

/**
 * A name that only windows of this user in this browser have for what they watch, and that says nothing about the
 * credential. Undefined if the page cannot know whose it is: behind a proxy, which adds the credential.
 */
export async function shareName(watched: string): Promise<string | undefined> {
  const { authorization = localStorage.getItem(STORED_KEY) } = credential.headers();
  const { subtle } = crypto as Partial<Crypto>;
  if (authorization === null || authorization === undefined || subtle === undefined) return undefined;
  const digest = await subtle.digest("SHA-256", new TextEncoder().encode(`${authorization} ${watched}`));
  return `watch-${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The path of the API server by way of the console. */
export function k8s(path: string): string {
  return `/k8s${path}`;
}

export async function readEvents(
  { namespace }: RunPlace,
  uid: string,
  signal: AbortSignal,
): Promise<Event[]> {
  const path = `${pathOf(events, { namespace })}?fieldSelector=regarding.uid=${uid}&limit=200`;
  return ((await (await call("GET", k8s(path), { signal })).json()) as { items: Event[] }).items;
}

export async function readJobs({ namespace, name }: RunPlace, signal: AbortSignal): Promise<Job[]> {
  const path = `${pathOf(jobs, { namespace })}?labelSelector=${LABEL_RUN}=${name}&limit=200`;
  return ((await (await call("GET", k8s(path), { signal })).json()) as { items: Job[] }).items;
}

/** The log of a container, as long as it is written. */
export function readLog(
  { namespace, pod, container }: ContainerPlace,
  signal: AbortSignal,
): Promise<Response> {
  const path = pathOf(pods, { namespace, name: pod, subresource: "log" });
  return call("GET", k8s(`${path}?container=${encodeURIComponent(container)}&follow=true`), { signal });
}

/** A file that the run has left on its claim, by way of a pod that ends at once. */
export async function fetchArtifact(
  { namespace, name }: RunPlace,
  file: "patch" | "log",
  signal: AbortSignal,
): Promise<{ text: string; isCut: boolean }> {
  const response = await call("POST", `/artifacts/${file}/${namespace}/${name}`, { signal });
  return (await response.json()) as { text: string; isCut: boolean };
}

export async function cancelRun(at: RunPlace, uid: string): Promise<void> {
  const body = JSON.stringify({ metadata: { uid, annotations: { [ANNOTATION_CANCEL]: "true" } } });
  await call("PATCH", k8s(pathOf(agentRuns, at)), { body, contentType: "application/merge-patch+json" });
}

export async function deleteRun(at: RunPlace, uid: string): Promise<void> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } });
  await call("DELETE", k8s(pathOf(agentRuns, at)), { body });
}

/** With `dryRun` the API server says what it would make of it, and makes nothing. Resolves to the run's name. */
export async function createRun(run: AgentRun, { dryRun = false } = {}): Promise<string> {
  const namespace = run.metadata.namespace ?? "";
  const path = `${pathOf(agentRuns, { namespace })}${dryRun ? "?dryRun=All" : ""}`;
  const body = JSON.stringify({ ...run, apiVersion: apiVersionOf(agentRuns), kind: agentRuns.kind });
  const created = (await (await call("POST", k8s(path), { body })).json()) as AgentRun;
  return created.metadata.name ?? "";
}

/** A run as it is now. */
export async function readRun(at: RunPlace, signal: AbortSignal): Promise<AgentRun> {
  return (await (await call("GET", k8s(pathOf(agentRuns, at)), { signal })).json()) as AgentRun;
}

/** The objects of a kind in a namespace. */
export async function readObjects<T extends KubeObject>(
  type: ResourceType<T>,
  namespace: string,
  signal: AbortSignal,
): Promise<T[]> {
  const path = k8s(`${pathOf(type, { namespace })}?limit=500`);
  return ((await (await call("GET", path, { signal })).json()) as { items: T[] }).items;
}

/** The names of a kind's objects in a namespace; none if they may not be listed. */
export async function readNames(
  type: ResourceType,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const path = k8s(`${pathOf(type, { namespace })}?limit=500`);
  const response = await call("GET", path, { signal }).catch(() => undefined);
  const list = (await response?.json()) as { items: { metadata: { name?: string } }[] } | undefined;
  return (list?.items ?? []).map(({ metadata }) => metadata.name ?? "").toSorted();
}

/** What the user may do to the runs of a namespace, by the API server's own judgement. */
export async function readAccess(namespace: string, signal: AbortSignal): Promise<ReadonlySet<Action>> {
  const asked = await Promise.all(
    Object.entries(ACTIONS).map(async ([action, attributes]) => {
      const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        metadata: {},
        spec: { resourceAttributes: { namespace, ...attributes } },
      };
      const path = k8s(pathOf(selfSubjectAccessReviews));
      const response = await call("POST", path, { body: JSON.stringify(review), signal });
      const { status } = (await response.json()) as { status?: { allowed?: boolean } };
      return status?.allowed === true ? [action as Action] : [];
    }),
  );
  return new Set(asked.flat());
}

/** Who the cluster takes the user for; undefined if it does not say. Rejects if it knows nobody by this credential. */
export async function currentUser(): Promise<string | undefined> {
  const body = JSON.stringify({
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    metadata: {},
  });
  const response = await call("POST", k8s(pathOf(selfSubjectReviews)), { body }).catch((error: unknown) => {
    if (error instanceof CallError && error.code === UNAUTHORIZED) throw error;
    return undefined;
  });
  const review = (await response?.json()) as { status?: { userInfo?: { username?: string } } } | undefined;
  return review?.status?.userInfo?.username;
}
