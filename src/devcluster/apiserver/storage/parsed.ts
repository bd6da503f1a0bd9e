import type { StoredObjects } from "../access/stored-objects.ts";
import type { MutableObject } from "../answers/json-object.ts";
import type { Store } from "./store.ts";
import type { StoredObject } from "./table.ts";

/** The stored objects, each parsed once as long as it is the same; for the few kinds that decisions depend on. */
export function parsedObjects(store: Store): StoredObjects {
  const parsed = new WeakMap<StoredObject, MutableObject>();
  const parse = (stored: StoredObject): MutableObject => {
    let object = parsed.get(stored);
    if (object === undefined) parsed.set(stored, (object = JSON.parse(stored.json) as MutableObject));
    return object;
  };
  return {
    get(storage, key) {
      const stored = store.table(storage).get(key);
      return stored && parse(stored);
    },
    *list(storage) {
      for (const stored of store.table(storage).values()) yield parse(stored);
    },
  };
}
