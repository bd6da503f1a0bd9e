import { childNode, type SchemaNode } from "../../../kube/schema/node.ts";

/** How an object's fields are owned: what is one unit, and how items of a list are told apart. */
export interface FieldType {
  /** An object or list that is owned as a whole. */
  readonly atomic: boolean;
  /** How items of a list are named; undefined: the list is atomic. */
  readonly list: ListKeys | undefined;
  /** The type of a list's items. */
  item(): FieldType;
  /** The type of a field, or of a map's values. */
  field(name: string): FieldType;
  /** Whether this is a field of a struct rather than a key of a map. */
  isNamed(name: string): boolean;
}

export type ListKeys =
  | { readonly type: "set" }
  | {
      readonly type: "map";
      readonly keys: readonly string[];
      /** The values of keys that an item leaves out. */
      readonly defaults?: Readonly<Record<string, unknown>>;
    };

/** Nothing known: objects by field, lists whole. */
export const untyped: FieldType = {
  atomic: false,
  list: undefined,
  item: () => untyped,
  field: () => untyped,
  isNamed: () => false,
};

/** Owned as one. */
export const atomicType: FieldType = { ...untyped, atomic: true };

/** A map from any key to values of one type. */
export function mapOf(value: FieldType): FieldType {
  return { ...untyped, field: () => value };
}

/** A list whose items are told apart by `list`. */
export function listOf(list: ListKeys, item: FieldType): FieldType {
  return { ...untyped, list, item: () => item };
}

/** A struct with these fields; others are untyped. */
export function structOf(fields: Readonly<Record<string, FieldType>>): FieldType {
  return {
    ...untyped,
    field: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined) ?? untyped,
    isNamed: (name) => Object.hasOwn(fields, name),
  };
}

/** meta/v1 ObjectMeta. */
export const objectMetaType: FieldType = structOf({
  name: untyped,
  generateName: untyped,
  namespace: untyped,
  selfLink: untyped,
  uid: untyped,
  resourceVersion: untyped,
  generation: untyped,
  creationTimestamp: untyped,
  deletionTimestamp: untyped,
  deletionGracePeriodSeconds: untyped,
  labels: mapOf(untyped),
  annotations: mapOf(untyped),
  ownerReferences: listOf({ type: "map", keys: ["uid"] }, atomicType),
  finalizers: listOf({ type: "set" }, untyped),
  managedFields: atomicType,
});

function keysOf(node: SchemaNode): ListKeys | undefined {
  if (node.listType === "set") return { type: "set" };
  if (node.listType !== "map") return undefined;
  const defaults = Object.fromEntries(
    node.listMapKeys.flatMap((key) => {
      const value = node.items?.properties.get(key)?.default;
      return value === undefined ? [] : [[key, value]];
    }),
  );
  return { type: "map", keys: node.listMapKeys, defaults };
}

/** The ownership rules that a structural schema gives; `isResource` for the root of a custom resource. */
export function fieldTypeOf(node: SchemaNode | undefined, isResource = node?.embedded === true): FieldType {
  if (node === undefined) return untyped;
  const isMeta = (name: string): boolean =>
    isResource && (name === "apiVersion" || name === "kind" || name === "metadata");
  return {
    atomic: node.mapType === "atomic" || (node.listType === "atomic" && node.items !== undefined),
    list: keysOf(node),
    item: () => fieldTypeOf(node.items),
    field: (name) =>
      isResource && name === "metadata" ? objectMetaType : fieldTypeOf(childNode(node, name)),
    isNamed: (name) => node.properties.has(name) || isMeta(name),
  };
}
