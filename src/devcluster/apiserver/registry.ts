import { servedGroups, type ServedGroups } from "./answers/discovery.ts";
import type { Resource } from "./kinds/resource.ts";

/** The served resources: the built-in ones and those that CRDs add and take away. */
export interface Registry {
  /** Another value whenever the set of resources is another one. */
  groups(): ServedGroups;
  find(group: string, version: string, plural: string): Resource | undefined;
  /** Replaces everything that `owner` (a CRD's name) serves; an empty list withdraws it. */
  replace(owner: string, resources: readonly Resource[]): void;
}

/** A registry of these built-in resources, which CRDs add to. */
export function createRegistry(builtin: readonly Resource[]): Registry {
  const added = new Map<string, readonly Resource[]>();
  let groups = servedGroups(builtin);
  return {
    groups: () => groups,
    find: (group, version, plural) =>
      groups
        .get(group)
        ?.get(version)
        ?.find((resource) => resource.plural === plural),
    replace(owner, resources) {
      added.set(owner, resources);
      groups = servedGroups([...builtin, ...[...added.values()].flat()]);
    },
  };
}
