import { follow } from "../../client/cache/follow.ts";
import { byOwnerUid, createProjectedReflector, type Reflector } from "../../client/cache/reflector.ts";
import type { Client } from "../../client/client.ts";
import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import { apiVersionOf, type ResourceType } from "../../kube/resources.ts";
import { problemLog } from "./caches.ts";

/** An object of any kind, as far as ownership goes. */
export interface Owned {
  type: ResourceType;
  object: KubeObject;
}

/** All objects of the kinds that are followed, by uid, and who depends on whom. */
export interface OwnershipGraph {
  get(uid: string): Owned | undefined;
  dependentsOf(uid: string): Owned[];
  /** Whether an object with this uid was seen to go. */
  hasGone(uid: string): boolean;
  /** The kind that an owner says it is of: in its version, else in another version of the group. */
  typeOf(owner: OwnerReference): ResourceType | undefined;
  /** Follows exactly these kinds from now on. */
  followKinds(types: readonly ResourceType[]): Promise<void>;
}

/** How many uids of deleted objects are remembered. */
const REMEMBERED = 20_000;

/** Only what ownership needs; the rest of the metadata is not kept. */
function trimmed({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, ownerReferences, finalizers } = metadata;
  return {
    metadata: { name, namespace, uid, resourceVersion, deletionTimestamp, ownerReferences, finalizers },
  };
}

/** An empty graph; `onChange` is called after each change, with the object as it is or was. */
export function createOwnershipGraph(
  client: Client,
  onProblem: (message: string) => void,
  onChange: (object: KubeObject, isGone: boolean) => void,
): OwnershipGraph & { stop(): Promise<void> } {
  const kinds = new Map<string, Reflector<KubeObject>>();
  const gone = new Set<string>();

  const found = (index: string, uid: string): Owned[] =>
    [...kinds.values()].flatMap((cache) =>
      [...cache.by(index, uid)].map((object) => ({ type: cache.type, object })),
    );

  const watchKind = (type: ResourceType): Reflector<KubeObject> => {
    const cache = createProjectedReflector({
      client,
      type,
      watch: { metadataOnly: true },
      project: trimmed,
      indexes: { uid: ({ metadata }) => [metadata.uid ?? ""], owner: byOwnerUid },
      log: problemLog(onProblem),
    });
    follow(cache, ({ old, new: present }) => {
      const object = present ?? old;
      if (object === undefined) return;
      if (present === undefined) gone.add(object.metadata.uid ?? "");
      if (gone.size > REMEMBERED) gone.delete(gone.values().next().value ?? "");
      onChange(object, present === undefined);
    });
    cache.start();
    return cache;
  };

  return {
    get: (uid) => found("uid", uid)[0],
    dependentsOf: (uid) => found("owner", uid),
    hasGone: (uid) => gone.has(uid),
    typeOf({ apiVersion, kind }) {
      const group = apiVersion.split("/").at(-2) ?? "";
      const ofKind = [...kinds.values()].map(({ type }) => type).filter((type) => type.kind === kind);
      return (
        ofKind.find((type) => apiVersionOf(type) === apiVersion) ??
        ofKind.find((type) => type.group === group)
      );
    },
    async followKinds(types) {
      const served = new Map(types.map((type) => [`${type.group}/${type.plural}`, type]));
      const withdrawn = [...kinds].filter(([key]) => !served.has(key));
      for (const [key] of withdrawn) kinds.delete(key);
      for (const [key, type] of served) if (!kinds.has(key)) kinds.set(key, watchKind(type));
      await Promise.all(withdrawn.map(([, cache]) => cache.stop()));
    },
    async stop() {
      await Promise.all([...kinds.values()].map((cache) => cache.stop()));
    },
  };
}
