import { compareVersions } from "../../kube/api-versions.ts";
import type { ServedGroups } from "../../kube/discovery.ts";
import type { Resource } from "../../kube/kinds/resource.ts";

/** The served resources: the built-in ones and those that CRDs add and take away. */
export interface Registry {
  find(group: string, version: string, plural: string): Resource | undefined;
  /** Any served version of the resource. */
  findByKind(group: string, version: string, kind: string): Resource | undefined;
  hasGroup(group: string): boolean;
  hasVersion(group: string, version: string): boolean;
  groups(): ServedGroups;
  /** Replaces everything that `owner` (a CRD's name) serves; an empty list withdraws it. */
  replace(owner: string, resources: readonly Resource[]): void;
  /** Changes whenever the set of resources does. */
  generation(): number;
}

/** A registry of these built-in resources, which CRDs add to. */
export function createRegistry(builtin: readonly Resource[]): Registry {
  const added = new Map<string, readonly Resource[]>();
  let generation = 1;
  let groups = index(builtin);
  const find = (group: string, version: string, matches: (resource: Resource) => boolean) =>
    groups.get(group)?.get(version)?.find(matches);
  return {
    find: (group, version, plural) => find(group, version, (resource) => resource.plural === plural),
    findByKind: (group, version, kind) => find(group, version, (resource) => resource.kind === kind),
    hasGroup: (group) => groups.has(group),
    hasVersion: (group, version) => groups.get(group)?.has(version) ?? false,
    groups: () => groups,
    replace(owner, resources) {
      if (resources.length === 0) added.delete(owner);
      else added.set(owner, resources);
      groups = index([...builtin, ...[...added.values()].flat()]);
      generation++;
    },
    generation: () => generation,
  };
}

function index(resources: readonly Resource[]): Map<string, Map<string, Resource[]>> {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of resources) {
    const versions = groups.get(resource.group) ?? new Map<string, Resource[]>();
    const list = versions.get(resource.version) ?? [];
    list.push(resource);
    groups.set(resource.group, versions.set(resource.version, list));
  }
  for (const [group, versions] of groups) {
    const byPriority = [...versions.keys()].sort(compareVersions);
    groups.set(group, new Map(byPriority.map((version) => [version, versions.get(version) ?? []])));
  }
  return groups;
}
