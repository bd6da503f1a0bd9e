import type { KubeObject } from "../../kube/objects.ts";
import type { Change, Reflector } from "./reflector.ts";

/**
 * Calls `listener` for every object that is there, as new, and then for every change, as an informer does.
 * A name that another object has taken (another uid) is reported as one that went and one that is new.
 */
export function follow<T extends KubeObject, K extends KubeObject>(
  cache: Reflector<T, K>,
  listener: (change: Pick<Change<K>, "key" | "old" | "new">) => void,
): void {
  for (const key of cache.keys()) listener({ key, old: undefined, new: cache.get(key) });
  cache.onChange(({ key, old, new: present }) => {
    const isReplaced =
      old !== undefined && present !== undefined && old.metadata.uid !== present.metadata.uid;
    if (isReplaced) listener({ key, old, new: undefined });
    listener({ key, old: isReplaced ? undefined : old, new: present });
  });
}
