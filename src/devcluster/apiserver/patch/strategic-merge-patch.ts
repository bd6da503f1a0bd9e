import { goJson } from "../../../kube/go-text.ts";
import { fieldOf, isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import type { Parsed } from "../../../kube/parsed.ts";
import { patchTypeOf, patchTypeOfKind, type PatchField, type PatchType } from "./patch-types.ts";

/** Strategic merge patches of built-in kinds. Source: apimachinery util/strategicpatch. */

const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
const SET_ORDER = "$setElementOrder/";
const DELETE_FROM_LIST = "$deleteFromPrimitiveList/";

/** Stops the merge; its message is what the server answers with 400. */
class PatchFormatError extends Error {}

function refuse(message: string): never {
  throw new PatchFormatError(message);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse("expected a slice, but received a map");
}

function isDirective(key: string): boolean {
  return key === RETAIN_KEYS || key.startsWith(SET_ORDER) || key.startsWith(DELETE_FROM_LIST);
}

/** A patch's value as it is stored if there was none: without nulls in objects and without directives. */
function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) {
    return (value as readonly unknown[]).filter((item) => fieldOf(item, PATCH) !== "delete").map(plainValue);
  }
  if (!isObject(value)) return value;
  if (value[PATCH] === "delete") return undefined;
  const fields = Object.entries(value)
    .filter(([key, field]) => field !== null && key !== PATCH && !isDirective(key))
    .map(([key, field]) => [key, plainValue(field)] as const)
    .filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields);
}

type MutableFields = Map<string, unknown>;

function retainKeys(fields: MutableFields, patch: JsonObject): void {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return;
  const wanted = patch[RETAIN_KEYS];
  if (!Array.isArray(wanted)) refuse("invalid patch format of retainKeys");
  const keys = new Set<unknown>(wanted);
  for (const [key, value] of Object.entries(patch)) {
    if (value !== null && !isDirective(key) && !keys.has(key)) refuse("invalid patch format of retainKeys");
  }
  for (const key of fields.keys()) if (!keys.has(key)) fields.delete(key);
}

function mergeObject(original: JsonObject, patch: JsonObject, type: PatchType): JsonObject {
  const directive = patch[PATCH];
  if (directive === "replace")
    return Object.fromEntries(Object.entries(patch).filter(([key]) => key !== PATCH));
  if (directive === "delete") return {};
  if (directive !== undefined) {
    refuse(`unknown patch type: ${String(directive)} in map: ${goJson(patch)}`);
  }
  const fields: MutableFields = new Map(Object.entries(original));
  retainKeys(fields, patch);
  const done = mergeOrdered(fields, patch, type);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(SET_ORDER) || done.has(key)) continue;
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(fields, key.slice(DELETE_FROM_LIST.length), value);
    else mergeField(fields, key, value, type[key]);
  }
  return Object.fromEntries(fields);
}

function deleteFromList(fields: MutableFields, key: string, value: unknown): void {
  const unwanted = listOf(value);
  const current = fields.get(key);
  if (!Array.isArray(current)) return;
  fields.set(
    key,
    (current as readonly unknown[]).filter((item) => !unwanted.some((one) => jsonEqual(one, item))),
  );
}

function mergeField(fields: MutableFields, key: string, value: unknown, field: PatchField | undefined): void {
  if (value === null) {
    fields.delete(key);
    return;
  }
  const current = fields.get(key);
  if (isObject(current) && isObject(value)) {
    fields.set(key, mergeObject(current, value, patchTypeOf(field)));
  } else if (Array.isArray(current) && Array.isArray(value) && field?.mergeKey !== undefined) {
    fields.set(key, mergeList(current, value, field, field.mergeKey));
  } else {
    const plain = plainValue(value);
    if (plain === undefined) fields.delete(key);
    else fields.set(key, plain);
  }
}

/** Lists that come with `$setElementOrder`; answers their keys. */
function mergeOrdered(fields: MutableFields, patch: JsonObject, type: PatchType): Set<string> {
  const done = new Set<string>();
  for (const [directive, wanted] of Object.entries(patch)) {
    if (!directive.startsWith(SET_ORDER)) continue;
    const key = directive.slice(SET_ORDER.length);
    const order = listOf(wanted);
    const mergeKey = type[key]?.mergeKey ?? "";
    const before = fields.get(key);
    const original = before === undefined || before === null ? [] : listOf(before);
    const patched = patch[key];
    if (Array.isArray(patched)) {
      checkOrder(patched, order, mergeKey);
      mergeField(fields, key, patched, type[key]);
    }
    const merged = fields.get(key);
    if (Array.isArray(merged)) fields.set(key, arrange(merged, order, original, mergeKey));
    if (Array.isArray(patched)) done.add(key);
  }
  return done;
}

function identity(item: unknown, mergeKey: string): string {
  return goJson(mergeKey === "" ? item : fieldOf(item, mergeKey));
}

/** The patch's items must be in the order that the patch itself asks for. */
function checkOrder(patched: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  const positions = new Map(order.map((item, index) => [identity(item, mergeKey), index]));
  let last = -1;
  for (const item of patched) {
    if (fieldOf(item, PATCH) !== undefined) continue;
    const position = positions.get(identity(item, mergeKey));
    if (position === undefined || position < last) {
      refuse(
        `The order in patch list:\n${goJson(patched)}\n doesn't match $setElementOrder list:\n${goJson(order)}\n`,
      );
    }
    last = position;
  }
}

function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  field: PatchField,
  mergeKey: string,
): unknown[] {
  if (mergeKey === "") {
    const both = [...original, ...patch].filter(
      (item, index, all) => all.findIndex((one) => jsonEqual(one, item)) === index,
    );
    return arrange(both, patch, original, "");
  }
  const { kept, items, replaces } = applyListDirectives(original, patch, mergeKey);
  if (replaces) return items.map(plainValue);
  const merged = [...kept];
  for (const item of items) {
    const wanted = fieldOf(item, mergeKey);
    if (!isObject(item) || wanted === undefined) {
      refuse(`map: ${goJson(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = merged.findIndex((one) => jsonEqual(fieldOf(one, mergeKey), wanted));
    const current = merged[index];
    if (isObject(current)) merged[index] = mergeObject(current, item, patchTypeOf(field));
    else merged.push(plainValue(item));
  }
  return arrange(merged, items, kept, mergeKey);
}

/** Carries out `$patch: delete` and `$patch: replace` elements. */
function applyListDirectives(
  original: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): { kept: unknown[]; items: unknown[]; replaces: boolean } {
  let kept = [...original];
  let replaces = false;
  const items: unknown[] = [];
  for (const item of patch) {
    const directive = fieldOf(item, PATCH);
    if (directive === undefined) items.push(item);
    else if (directive === "replace") replaces = true;
    else if (directive === "delete") {
      const key = fieldOf(item, mergeKey);
      if (key === undefined) refuse(`map: ${goJson(item)} does not contain declared merge key: ${mergeKey}`);
      kept = kept.filter((one) => !jsonEqual(fieldOf(one, mergeKey), key));
    } else if (directive === "merge") refuse("merging lists cannot yet be specified in the patch");
    else refuse(`unknown patch type: ${String(directive)} in map: ${goJson(item)}`);
  }
  return { kept, items, replaces };
}

/** Items named by `order` in that order, the others where they stood relative to them. */
function arrange(
  merged: readonly unknown[],
  order: readonly unknown[],
  original: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const rank = new Map(order.map((item, index) => [identity(item, mergeKey), index]));
  const place = new Map(original.map((item, index) => [identity(item, mergeKey), index]));
  const keyOf = (item: unknown): string => identity(item, mergeKey);
  const named = merged
    .filter((item) => rank.has(keyOf(item)))
    .toSorted((a, b) => (rank.get(keyOf(a)) ?? 0) - (rank.get(keyOf(b)) ?? 0));
  const others = merged.filter((item) => !rank.has(keyOf(item)));
  const arranged: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const left = place.get(keyOf(others[0]));
    const right = place.get(keyOf(named[0]));
    const isFirst = left !== undefined && right !== undefined && left < right;
    arranged.push(isFirst ? others.shift() : named.shift());
  }
  return [...arranged, ...named, ...others];
}

/** An object of a built-in kind with a strategic merge patch applied; nothing is changed in place. */
export function applyStrategicMergePatch(
  kind: string,
  current: JsonObject,
  patch: JsonObject,
): Parsed<JsonObject> {
  try {
    return { value: mergeObject(current, patch, patchTypeOfKind(kind)) };
  } catch (error) {
    if (error instanceof PatchFormatError) return { error: error.message };
    throw error;
  }
}
