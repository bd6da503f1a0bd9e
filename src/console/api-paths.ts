import { LABEL_RUN } from "../api/labels.ts";
import { agentRuns, OUR_RESOURCES } from "../api/resources.ts";
import { events, jobs, pods } from "../kube/builtin.ts";
import { selfSubjectAccessReviews, selfSubjectReviews } from "../kube/cluster-kinds.ts";
import { pathOf, type ResourceType } from "../kube/resources.ts";
import type { HttpRequest } from "../client/transport.ts";

/** What the page asks of the API server, made of known parts alone. */
export interface ApiRequest {
  method: HttpRequest["method"];
  /** Path and query, written anew: no byte of what the page sent as its path is in it unread. */
  path: string;
  contentType?: string;
}

type Query = Readonly<Record<string, RegExp>>;

interface Route {
  type: ResourceType;
  method: ApiRequest["method"];
  namespaced?: "needed" | "both";
  named?: boolean;
  subresource?: "log";
  query?: Query;
  /** A parameter without which the answer would be about more than a run. */
  needs?: string;
  contentType?: string;
}

/** As Kubernetes has them: names of DNS, and what no path or query gives a meaning. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/;
const LONGEST_NAME = 253;
const FLAG = /^true$/;
const NUMBER = /^[0-9]{1,9}$/;
const OPAQUE = /^[\w+/=.-]{1,8192}$/;
const FIELDS = /^(?:metadata\.name|regarding\.uid|regarding\.name)=[a-z0-9.-]{1,253}$/;

const LIST: Query = {
  watch: FLAG,
  allowWatchBookmarks: FLAG,
  limit: NUMBER,
  continue: OPAQUE,
  resourceVersion: OPAQUE,
  timeoutSeconds: NUMBER,
  fieldSelector: FIELDS,
};
/** Of the children of one run. */
const OF_RUN: Query = {
  ...LIST,
  labelSelector: new RegExp(`^${LABEL_RUN.replaceAll(".", String.raw`\.`)}=[a-z0-9.-]{1,63}$`),
};
const DRY_RUN: Query = { dryRun: /^All$/ };
const JSON_TYPE = "application/json";
const MERGE_TYPE = "application/merge-patch+json";

/** Everything that the console can ask for. Nothing here reads a Secret. */
const ROUTES: readonly Route[] = [
  ...OUR_RESOURCES.map((type): Route => ({ type, method: "GET", namespaced: "both", query: LIST })),
  { type: agentRuns, method: "POST", namespaced: "needed", query: DRY_RUN, contentType: JSON_TYPE },
  { type: agentRuns, method: "GET", namespaced: "needed", named: true },
  { type: agentRuns, method: "PATCH", namespaced: "needed", named: true, contentType: MERGE_TYPE },
  { type: agentRuns, method: "DELETE", namespaced: "needed", named: true, contentType: JSON_TYPE },
  { type: events, method: "GET", namespaced: "needed", query: LIST },
  { type: jobs, method: "GET", namespaced: "needed", query: OF_RUN, needs: "labelSelector" },
  { type: pods, method: "GET", namespaced: "needed", query: OF_RUN, needs: "labelSelector" },
  {
    type: pods,
    method: "GET",
    namespaced: "needed",
    named: true,
    subresource: "log",
    query: { container: NAMESPACE, follow: FLAG, limitBytes: NUMBER },
    needs: "container",
  },
  { type: selfSubjectAccessReviews, method: "POST", contentType: JSON_TYPE },
  { type: selfSubjectReviews, method: "POST", contentType: JSON_TYPE },
];

/**
 * The request that this one of the page stands for, or undefined if the console has no use for it. `target` is the
 * request target below `/k8s`, as it came: `/apis/…?…`. It is read segment by segment, never normalised or decoded.
 */
export function readApiRequest(method: string, target: string): ApiRequest | undefined {
  const [path = "", search = "", ...more] = target.split("?");
  if (more.length > 0 || !/^(?:\/[a-z0-9][a-z0-9.-]*)+$/.test(path)) return undefined;
  const query = new URLSearchParams(search);
  for (const route of ROUTES) {
    if (route.method !== method) continue;
    const at = locationIn(route, path);
    if (at === undefined) continue;
    const asked = readQuery(route.query ?? {}, query);
    if (asked === undefined || (route.needs !== undefined && !query.has(route.needs))) return undefined;
    return {
      method: route.method,
      path: pathOf(route.type, at) + asked,
      ...(route.contentType === undefined ? {} : { contentType: route.contentType }),
    };
  }
  return undefined;
}

interface Place {
  namespace?: string;
  name?: string;
  subresource?: string;
}

/** What the path names, if it is one of this route's: found by writing the route's path with it and comparing. */
function locationIn(route: Route, path: string): Place | undefined {
  const { type, namespaced, named, subresource } = route;
  const parts = path.split("/").slice(1);
  const at = type.group === "" ? 2 : 3;
  const isInNamespace = namespaced !== undefined && parts[at] === "namespaces";
  if (namespaced === "needed" && !isInNamespace) return undefined;
  const namespace = isInNamespace ? parts[at + 1] : undefined;
  const name = named ? parts[at + (isInNamespace ? 3 : 1)] : undefined;
  if (isInNamespace && (namespace === undefined || !NAMESPACE.test(namespace))) return undefined;
  if (named && (name === undefined || name.length > LONGEST_NAME || !NAME.test(name))) return undefined;
  const place: Place = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
  return pathOf(type, place) === path ? place : undefined;
}

function readQuery(allowed: Query, given: URLSearchParams): string | undefined {
  const query = new URLSearchParams();
  for (const [name, value] of given) {
    const pattern = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (pattern === undefined || !pattern.test(value) || query.has(name)) return undefined;
    query.set(name, value);
  }
  return query.size === 0 ? "" : `?${query}`;
}

/** The namespace and the name of a run in a path below `/artifacts`; undefined for anything else. */
export function readArtifactsPath(path: string): { namespace: string; name: string } | undefined {
  const [, namespace = "", name = "", ...more] = path.split("/");
  if (more.length > 0 || !NAMESPACE.test(namespace) || !NAME.test(name) || name.length > LONGEST_NAME)
    return undefined;
  return { namespace, name };
}
