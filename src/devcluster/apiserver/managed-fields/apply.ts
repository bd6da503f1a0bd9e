import {
  fieldOf,
  isObject,
  objectsOf,
  jsonEqual,
  withField,
  withoutField,
  type JsonObject,
} from "../../../kube/json.ts";
import type { ManagedFieldsEntry } from "../../../kube/objects.ts";
import type { Status, StatusCause } from "../../../kube/status.ts";
import { difference, FieldSet, filterRoots, intersection, pathsOf, printPath, union } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";
import { appliedFromClient, followAnnotation } from "./last-applied.ts";
import {
  capUpdaters,
  ownerKey,
  printOwner,
  readOwners,
  writeOwners,
  type Owner,
  type Owners,
} from "./managers.ts";
import { compare, merge, removeItems, toFieldSet, withNamedFields, type Comparison } from "./walk.ts";

/** Who writes, when, and how the object's fields are owned. */
export interface Writer {
  /** The request's fieldManager; empty is `unknown`. */
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339, whole seconds, UTC. */
  readonly now: string;
  readonly type: FieldType;
  /** Which top-level fields this endpoint writes: not `status` without, only `status` with that subresource. */
  readonly writes?: (field: string) => boolean;
}

const STRIPPED = stripSet();

function stripSet(): FieldSet {
  const set = new FieldSet();
  for (const field of ["apiVersion", "kind", "metadata"]) set.insert([`f:${field}`]);
  for (const field of "name namespace creationTimestamp selfLink uid clusterName generation managedFields resourceVersion".split(
    " ",
  )) {
    set.insert(["f:metadata", `f:${field}`]);
  }
  return set;
}

function managedFieldsOf(object: JsonObject): unknown {
  return fieldOf(object["metadata"], "managedFields");
}

function entriesOf(value: unknown): ManagedFieldsEntry[] {
  return objectsOf(value);
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isObject(metadata) || !Object.hasOwn(metadata, "managedFields")) return object;
  return withField(object, "metadata", withoutField(metadata, "managedFields"));
}

function withOwners(object: JsonObject, owners: Owners): JsonObject {
  const entries = writeOwners(owners);
  const bare = withoutManagedFields(object);
  if (entries === undefined) return bare;
  const metadata = isObject(bare["metadata"]) ? bare["metadata"] : {};
  return withField(bare, "metadata", withField(metadata, "managedFields", entries));
}

function filtered(set: FieldSet, writer: Writer): FieldSet {
  return writer.writes === undefined ? set : filterRoots(set, writer.writes);
}

function comparison(writer: Writer, before: unknown, after: unknown): Comparison {
  const { added, modified, removed } = compare(writer.type, before, after);
  return {
    added: filtered(added, writer),
    modified: filtered(modified, writer),
    removed: filtered(removed, writer),
  };
}

function ownerOf(writer: Writer, operation: Owner["operation"], set: FieldSet): Owner {
  return {
    manager: writer.manager === "" ? "unknown" : writer.manager,
    operation,
    apiVersion: writer.apiVersion,
    subresource: writer.subresource ?? "",
    time: undefined,
    set,
  };
}

/** The owners before an update: those the client sent, else the stored ones; `[]` or `[{}]` resets them. */
function ownersBefore(before: JsonObject, after: JsonObject, writer: Writer): Owners {
  const stored = (): Owners => readOwners(entriesOf(managedFieldsOf(before))) ?? new Map<string, Owner>();
  if ((writer.subresource ?? "") !== "") return stored();
  const sent = managedFieldsOf(after);
  if (!Array.isArray(sent)) return stored();
  const entries = entriesOf(sent);
  const [only] = entries;
  const resets =
    entries.length === 0 || (entries.length === 1 && only !== undefined && Object.keys(only).length === 0);
  if (resets) return new Map();
  const read = readOwners(entries);
  return read === undefined || read.size === 0 ? stored() : read;
}

/** Takes what changed away from its owners (all but `except`). */
function takeFromOwners(owners: Owners, changes: Comparison, except?: string): void {
  const touched = union(union(changes.added, changes.modified), changes.removed);
  for (const [key, owner] of owners) {
    if (key === except) continue;
    const set = difference(owner.set, touched);
    if (set.isEmpty) owners.delete(key);
    else owners.set(key, { ...owner, set });
  }
}

function recordUpdate(owners: Owners, before: JsonObject, after: JsonObject, writer: Writer): void {
  const changes = comparison(writer, before, after);
  takeFromOwners(owners, changes);
  const own = difference(filtered(union(changes.modified, changes.added), writer), STRIPPED);
  if (!own.isEmpty) {
    const owner = ownerOf(writer, "Update", own);
    const key = ownerKey(owner);
    const previous = owners.get(key);
    const set = previous === undefined ? own : union(own, previous.set);
    owners.set(key, { ...owner, set, time: writer.now });
  }
  capUpdaters(owners);
}

/**
 * `after` with its managedFields: what a create (`before`: the empty object of the kind, with what Go always
 * writes), update or patch makes of them. It is to be called with the request's own object, before admission
 * and before the server's strategy fills anything in. An object that has no owners stays without.
 */
export function trackUpdate(before: JsonObject, after: JsonObject, writer: Writer): JsonObject {
  const owners = ownersBefore(before, after, writer);
  if (owners.size > 0 || !isStored(before)) {
    recordUpdate(owners, withoutManagedFields(before), withoutManagedFields(after), writer);
  }
  return withOwners(after, owners);
}

/** A field that someone else owns and this configuration would change. */
export interface Conflict {
  readonly owner: string;
  readonly path: string;
}

export type ApplyResult =
  | { readonly object: JsonObject; readonly conflicts?: undefined }
  | { readonly conflicts: readonly Conflict[]; readonly object?: undefined };

function conflictsIn(owners: Owners, changes: Comparison, self: string, allowed: FieldSet): Conflict[] {
  const changed = difference(union(changes.modified, changes.added), allowed);
  return [...owners.entries()]
    .filter(([key]) => key !== self)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, owner]) =>
      pathsOf(intersection(owner.set, changed)).map((path) => ({
        owner: printOwner(owner),
        path: printPath(path),
      })),
    );
}

/** Removes what the applier owned, no longer names, and nobody else owns. */
function dropUnowned(type: FieldType, merged: JsonObject, last: FieldSet, owners: Owners): JsonObject {
  if (last.isEmpty) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(type, set);
  const fieldsOf = (value: unknown): FieldSet => named(toFieldSet(type, value));
  const without = (set: FieldSet): unknown => removeItems(type, merged, set) ?? {};
  const owned = [...owners.values()].reduce((all, owner) => union(all, owner.set), new FieldSet());
  const all = fieldsOf(merged);
  const withoutLast = without(named(last));
  const withOwned = without(difference(all, union(fieldsOf(withoutLast), named(owned))));
  const result = without(intersection(difference(all, fieldsOf(withOwned)), named(last)));
  return isObject(result) ? result : merged;
}

/**
 * Server-side apply: `config` merged into `live` (for a new object: the kind's empty one), with managedFields;
 * or the conflicts, unless forced. Defaulting and validation of the result are the caller's.
 */
export function applyConfiguration(
  live: JsonObject,
  config: JsonObject,
  writer: Writer & { readonly force: boolean },
): ApplyResult {
  const { type } = writer;
  const stored = withoutManagedFields(live);
  const owners = readOwners(entriesOf(managedFieldsOf(live))) ?? new Map<string, Owner>();
  if (owners.size === 0 && isStored(live)) {
    const first = { ...writer, manager: "before-first-apply", subresource: "" };
    recordUpdate(owners, emptyLike(config), stored, first);
  }
  const applied = ownerOf(writer, "Apply", filtered(toFieldSet(type, config), writer));
  const key = ownerKey(applied);
  const previous = owners.get(key);
  owners.set(key, { ...applied, time: previous?.time });
  const merged = merge(type, stored, config);
  const next = dropUnowned(type, isObject(merged) ? merged : stored, previous?.set ?? new FieldSet(), owners);
  const changes = comparison(writer, stored, next);
  const conflicts = conflictsIn(owners, changes, key, appliedFromClient(stored, writer.manager, type));
  if (conflicts.length > 0 && !writer.force) return { conflicts };
  takeFromOwners(owners, changes, key);
  const own = difference(applied.set, STRIPPED);
  const isChanged = !jsonEqual(stored, next);
  if (own.isEmpty) owners.delete(key);
  else owners.set(key, { ...applied, set: own, time: isChanged ? writer.now : previous?.time });
  return { object: followAnnotation(withOwners(next, owners), config, writer.manager) };
}

/** An object that is being created has no uid yet; what the kind's empty one holds belongs to nobody. */
function isStored(object: JsonObject): boolean {
  return fieldOf(object["metadata"], "uid") !== undefined;
}

function emptyLike(config: JsonObject): JsonObject {
  return { apiVersion: config["apiVersion"], kind: config["kind"] };
}

/** The 409 answer to an apply that conflicts. */
export function conflictStatus(conflicts: readonly Conflict[]): Status {
  const causes = conflicts.map(({ owner, path }): StatusCause => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${owner}`,
    field: path,
  }));
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: conflictMessage(conflicts),
    reason: "Conflict",
    details: { causes },
    code: 409,
  };
}

function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first, ...more] = conflicts;
  if (first !== undefined && more.length === 0) {
    return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.path}`;
  }
  const lines = [...new Set(conflicts.map(({ owner }) => owner))].flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...conflicts.filter((conflict) => conflict.owner === owner).map(({ path }) => `- ${path}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
