import { goJson, quote } from "../../../kube/go-text.ts";
import { isObject } from "../../../kube/json.ts";
import type { ManagedFieldsEntry } from "../../../kube/objects.ts";
import { FieldSet, fromFieldsV1, toFieldsV1, union } from "./field-set.ts";

/** Who owns which fields of an object. */
export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Owners by what makes them different: an applier is one whatever version it applied. */
export type Owners = Map<string, Owner>;

const OLD_UPDATES = "ancient-changes";
const MAXIMUM_UPDATERS = 10;

/** The key of an owner in `Owners`. */
export function ownerKey(owner: Pick<Owner, "manager" | "operation" | "apiVersion" | "subresource">): string {
  const { manager, operation, subresource } = owner;
  return goJson({
    manager,
    operation,
    subresource,
    apiVersion: operation === "Apply" ? "" : owner.apiVersion,
  });
}

/** Entries come from clients: a field of another type is as malformed as one that is missing. */
function textOr(value: unknown): string | undefined {
  if (value === undefined) return "";
  return typeof value === "string" ? value : undefined;
}

/** The owners that `metadata.managedFields` reports; undefined if it is malformed. */
export function readOwners(entries: readonly ManagedFieldsEntry[]): Owners | undefined {
  const owners: Owners = new Map();
  for (const entry of entries) {
    const { operation, time } = entry;
    const [manager, apiVersion, subresource] = [entry.manager, entry.apiVersion, entry.subresource].map(
      textOr,
    );
    if (manager === undefined || apiVersion === undefined || subresource === undefined) return undefined;
    const set = isObject(entry.fieldsV1) ? fromFieldsV1(entry.fieldsV1) : new FieldSet();
    const isKnown = (operation === "Apply" || operation === "Update") && apiVersion !== "";
    if (!isKnown || entry.fieldsType !== "FieldsV1" || set === undefined) return undefined;
    const owner: Owner = { manager, operation, apiVersion, subresource, time, set };
    owners.set(ownerKey(owner), owner);
  }
  return owners;
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `metadata.managedFields` for these owners in the server's order; undefined for none. */
export function writeOwners(owners: Owners): ManagedFieldsEntry[] | undefined {
  const present = [...owners.values()].filter((owner) => !owner.set.isEmpty);
  if (present.length === 0) return undefined;
  present.sort(
    (a, b) =>
      compareText(a.operation, b.operation) ||
      seconds(a.time) - seconds(b.time) ||
      compareText(a.manager, b.manager) ||
      compareText(a.apiVersion, b.apiVersion) ||
      compareText(a.subresource, b.subresource),
  );
  return present.map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    ...(manager === "" ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(set),
    ...(subresource === "" ? {} : { subresource }),
  }));
}

/** An owner as conflicts name it. */
export function printOwner(owner: Owner): string {
  const subresource = owner.subresource === "" ? "" : ` with subresource ${quote(owner.subresource)}`;
  const using = owner.operation === "Update" ? ` using ${owner.apiVersion}` : "";
  return `${quote(owner.manager)}${subresource}${using}`;
}

/** At most ten updaters: the oldest are merged, for each API version, into one. */
export function capUpdaters(owners: Owners): void {
  const updaters = [...owners.entries()].filter(([, owner]) => owner.operation === "Update");
  updaters.sort(([aKey, a], [bKey, b]) => seconds(a.time) - seconds(b.time) || compareText(aKey, bKey));
  let count = updaters.length;
  const first = new Map<string, string>();
  for (const [key, owner] of updaters) {
    if (count <= MAXIMUM_UPDATERS) return;
    const { apiVersion } = owner;
    const oldest = first.get(apiVersion);
    if (oldest === undefined) {
      first.set(apiVersion, key);
      continue;
    }
    const bucket: Owner = { ...owner, manager: OLD_UPDATES, subresource: "" };
    const bucketKey = ownerKey(bucket);
    const merged = owners.get(bucketKey) ?? owners.get(oldest);
    owners.delete(oldest);
    owners.delete(key);
    owners.set(bucketKey, {
      ...bucket,
      set: merged === undefined ? owner.set : union(owner.set, merged.set),
    });
    count -= 1;
  }
}
