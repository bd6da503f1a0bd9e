import type { ApiContext } from "./context.ts";
import { acceptClauses } from "../../kube/request/accept.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { versionInfo } from "./version.ts";

/** Answers what is no resource: health, version, discovery, OpenAPI. */
export function answerDiscovery(context: ApiContext, request: ApiRequest): ApiResponse {
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "405 method not allowed\n");
  const path = request.path.replace(/(.)\/+$/, "$1");
  const [, root = "", ...rest] = path.split("/");
  switch (root) {
    case "version":
      return rest.length === 0 ? json(versionInfo) : notFoundText();
    case "healthz":
    case "livez":
    case "readyz":
      return health(root, rest, request);
    case "openapi":
      return context.openApi.answer(request, rest) ?? notFoundText();
    case "api":
      if (rest.length === 0) return aggregated(context, request, true) ?? json(coreVersions(request));
      return resourceList(context, "", rest) ?? notFoundText();
    case "apis":
      return answerGroups(context, request, rest);
    case "":
      return json({
        paths: [
          "/api",
          "/api/v1",
          "/apis",
          "/healthz",
          "/livez",
          "/openapi/v2",
          "/openapi/v3",
          "/readyz",
          "/version",
        ],
      });
    default:
      return notFoundText();
  }
}

function json(value: unknown, contentType = "application/json"): ApiResponse {
  return { status: 200, headers: { "content-type": contentType }, body: JSON.stringify(value) };
}

function text(status: number, body: string): ApiResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

function notFoundText(): ApiResponse {
  return text(404, "404 page not found\n");
}

/** The server is up when it answers: every check that there is, holds. */
function health(root: string, rest: readonly string[], request: ApiRequest): ApiResponse {
  const checks = ["ping", "storage"];
  if (rest.length > 0) return checks.includes(rest.join("/")) ? text(200, "ok") : notFoundText();
  if (!request.query.has("verbose")) return text(200, "ok");
  return text(200, `${checks.map((check) => `[+]${check} ok\n`).join("")}${root} check passed\n`);
}

function coreVersions(request: ApiRequest): unknown {
  const serverAddress = request.headers["host"] ?? "127.0.0.1";
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

function answerGroups(context: ApiContext, request: ApiRequest, rest: readonly string[]): ApiResponse {
  const [group = "", ...version] = rest;
  if (group === "") {
    const groups = [...context.registry.groups().keys()].filter((name) => name !== "");
    return (
      aggregated(context, request, false) ??
      json({ kind: "APIGroupList", apiVersion: "v1", groups: groups.map((name) => apiGroup(context, name)) })
    );
  }
  if (!context.registry.hasGroup(group)) return notFoundText();
  if (version.length === 0) return json({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(context, group) });
  return resourceList(context, group, version) ?? notFoundText();
}

function apiGroup(context: ApiContext, name: string): Record<string, unknown> {
  const versions = [...(context.registry.groups().get(name)?.keys() ?? [])].map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(context: ApiContext, group: string, rest: readonly string[]): ApiResponse | undefined {
  const [version = "", ...more] = rest;
  const resources = context.registry.groups().get(group)?.get(version);
  if (resources === undefined || more.length > 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const entries = resources.flatMap((resource) => legacyEntries(resource));
  entries.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  return json({
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion,
    resources: entries,
  });
}

function legacyEntries(resource: Resource): Record<string, unknown>[] {
  const main = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
  };
  const subresources = subresourcesOf(resource).map((subresource) => ({
    name: `${resource.plural}/${subresource.name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...(subresource.group === undefined ? {} : { group: subresource.group, version: subresource.version }),
    kind: subresource.kind,
    verbs: subresource.verbs,
  }));
  return [main, ...subresources];
}

function subresourcesOf(resource: Resource): Resource["subresources"] {
  if (!resource.hasStatus) return resource.subresources;
  return [
    ...resource.subresources,
    { name: "status", kind: resource.kind, verbs: ["get", "patch", "update"] },
  ];
}

const AGGREGATED_VERSIONS = ["v2", "v2beta1"];

/** The whole of `/api` or `/apis` in one document, for clients that ask for it. */
function aggregated(context: ApiContext, request: ApiRequest, core: boolean): ApiResponse | undefined {
  // kubectl names several forms; the first that is known counts.
  for (const { media, parameters } of acceptClauses(request.headers["accept"])) {
    if (media !== "application/json") continue;
    const version = parameters.get("v") ?? "";
    if (parameters.get("as") === undefined) return undefined;
    if (parameters.get("g") !== "apidiscovery.k8s.io" || !AGGREGATED_VERSIONS.includes(version)) continue;
    const groups = [...context.registry.groups()].filter(([group]) => (group === "") === core);
    const body = {
      kind: "APIGroupDiscoveryList",
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: groups.map(([group, versions]) => ({
        metadata: group === "" ? {} : { name: group, creationTimestamp: null },
        versions: [...versions].map(([name, resources]) => ({
          version: name,
          resources: resources.map(aggregatedEntry).sort((a, b) => (a.resource < b.resource ? -1 : 1)),
          freshness: "Current",
        })),
      })),
    };
    return json(body, `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
  }
  return undefined;
}

function aggregatedEntry(resource: Resource): Record<string, unknown> & { resource: string } {
  const own = resource.custom
    ? { group: resource.group, version: resource.version, kind: resource.kind }
    : { group: "", version: "", kind: resource.kind };
  const subresources = subresourcesOf(resource).map((subresource) => ({
    subresource: subresource.name,
    responseKind: {
      ...own,
      group: subresource.group ?? own.group,
      version: subresource.version ?? own.version,
      kind: subresource.kind,
    },
    verbs: subresource.verbs,
  }));
  return {
    resource: resource.plural,
    responseKind: own,
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(subresources.length > 0
      ? { subresources: subresources.sort((a, b) => (a.subresource < b.subresource ? -1 : 1)) }
      : {}),
  };
}
