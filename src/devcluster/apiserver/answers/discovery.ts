import { compareVersions } from "./api-versions.ts";
import type { Resource } from "../kinds/resource.ts";
import { acceptClauses } from "../request/accept.ts";

/** Group to its versions, the preferred first, each with its resources. Core (`""`) first. */
export type ServedGroups = ReadonlyMap<string, ReadonlyMap<string, readonly Resource[]>>;

/** The resources by group and version. */
export function servedGroups(resources: readonly Resource[]): ServedGroups {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, Resource[]>();
    const list = versions.get(resource.version) ?? [];
    list.push(resource);
    groups.set(resource.group, versions.set(resource.version, list));
  }
  for (const [group, versions] of groups) {
    groups.set(group, new Map([...versions].sort(([a], [b]) => compareVersions(a, b))));
  }
  return groups;
}

/** A discovery document and, if it is not plain JSON, the content type that names its form. */
export interface DiscoveryDocument {
  body: unknown;
  contentType?: string;
}

/** `/api`: the versions of the core group. */
export function coreVersions(serverAddress: string): unknown {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

/** A group with its versions, the preferred first. */
export function apiGroup(groups: ServedGroups, name: string): Record<string, unknown> {
  const versions = [...(groups.get(name)?.keys() ?? [])].map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

/** An APIResourceList; undefined if no such version is served. */
export function resourceList(groups: ServedGroups, group: string, rest: readonly string[]): unknown {
  const [version = "", ...more] = rest;
  const resources = groups.get(group)?.get(version);
  if (resources === undefined || more.length > 0) return undefined;
  const groupVersion = group === "" ? version : `${group}/${version}`;
  const entries = resources.flatMap((resource) => legacyEntries(resource));
  entries.sort((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1));
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion,
    resources: entries,
  };
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
export function aggregated(
  groups: ServedGroups,
  accept: string | undefined,
  core: boolean,
): DiscoveryDocument | undefined {
  // kubectl names several forms; the first that is known counts.
  for (const { media, parameters } of acceptClauses(accept)) {
    if (media !== "application/json") continue;
    const version = parameters.get("v") ?? "";
    if (parameters.get("as") === undefined) return undefined;
    if (parameters.get("g") !== "apidiscovery.k8s.io" || !AGGREGATED_VERSIONS.includes(version)) continue;
    const wanted = [...groups].filter(([group]) => (group === "") === core);
    const body = {
      kind: "APIGroupDiscoveryList",
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: wanted.map(([group, versions]) => ({
        metadata: group === "" ? {} : { name: group, creationTimestamp: null },
        versions: [...versions].map(([name, resources]) => ({
          version: name,
          resources: resources.map(aggregatedEntry).sort((a, b) => (a.resource < b.resource ? -1 : 1)),
          freshness: "Current",
        })),
      })),
    };
    return {
      body,
      contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    };
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
