import type { MutableObject } from "../answers/json-object.ts";

/** The present objects of a cluster, for decisions that depend on others. What is read must not be changed. */
export interface StoredObjects {
  /** By the storage key of its resource and `NAMESPACE/NAME`, or `NAME` for what is in no namespace. */
  get(storage: string, key: string): MutableObject | undefined;
  list(storage: string): Iterable<MutableObject>;
}
