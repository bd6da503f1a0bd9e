import { goJson } from "../../../kube/go-text.ts";
import { fieldOf, isObject, jsonEqual, type JsonObject } from "../../../kube/json.ts";
import { FieldSet, type PathElement } from "./field-set.ts";
import type { FieldType } from "./field-type.ts";

/** Walks over typed values. Source: structured-merge-diff typed. An absent value is undefined, null is a value. */

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type Kind = "object" | "list" | "scalar";

function kindOf(value: unknown): Kind | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return "list";
  return isObject(value) ? "object" : "scalar";
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entriesOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The element that names an item of a list; by index if its keys are missing. */
export function elementOf(type: FieldType, item: unknown, index: number): PathElement {
  const { list } = type;
  if (list?.type === "set") return `v:${goJson(item)}`;
  const keys = list?.type === "map" ? list.keys : [];
  const pairs = keys.flatMap((key): [string, unknown][] => {
    const value = fieldOf(item, key) ?? (list?.type === "map" ? list.defaults?.[key] : undefined);
    return value === undefined ? [] : [[key, value]];
  });
  return pairs.length === 0 ? `i:${index}` : `k:${goJson(Object.fromEntries(pairs))}`;
}

function byElement(type: FieldType, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const found = new Map<PathElement, unknown[]>();
  items.forEach((item, index) => {
    const element = elementOf(type, item, index);
    const same = found.get(element);
    if (same === undefined) found.set(element, [item]);
    else same.push(item);
  });
  return found;
}

/** Whether a value is owned as a whole: a scalar, something atomic, or a list without keys. */
function isLeaf(type: FieldType, kind: Kind | undefined): boolean {
  if (kind === undefined || kind === "scalar" || type.atomic) return true;
  return kind === "list" && type.list === undefined;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (isObject(value) ? Object.keys(value) : itemsOf(value)).length === 0
  );
}

/** The paths that a configuration sets. */
export function toFieldSet(type: FieldType, value: unknown): FieldSet {
  const set = new FieldSet();
  gather(type, value, [], set);
  return set;
}

function gather(type: FieldType, value: unknown, path: readonly PathElement[], set: FieldSet): void {
  const kind = kindOf(value);
  if (kind === undefined || isLeaf(type, kind)) {
    set.insert(path);
    return;
  }
  if (kind === "list") {
    for (const [element, [item, ...more]] of byElement(type, itemsOf(value))) {
      const here = [...path, element];
      if (more.length === 0) gather(type.item(), item, here, set);
      set.insert(here);
    }
    return;
  }
  for (const [key, field] of Object.entries(entriesOf(value))) {
    const here = [...path, `f:${key}`];
    gather(type.field(key), field, here, set);
    const isEmptyObject = isObject(field) && Object.keys(field).length === 0;
    if (field === null || isEmptyObject || !type.isNamed(key)) set.insert(here);
  }
}

/** What `after` adds, changes and removes compared with `before`. */
export function compare(type: FieldType, before: unknown, after: unknown): Comparison {
  const result: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareAt(type, before, after, [], result);
  return result;
}

function compareLeaf(
  before: unknown,
  after: unknown,
  path: readonly PathElement[],
  result: Comparison,
): void {
  if (before === undefined) result.added.insert(path);
  else if (after === undefined) result.removed.insert(path);
  else if (!jsonEqual(before, after)) result.modified.insert(path);
}

function compareAt(
  type: FieldType,
  before: unknown,
  after: unknown,
  path: readonly PathElement[],
  result: Comparison,
): void {
  const [beforeKind, afterKind] = [kindOf(before), kindOf(after)];
  if (beforeKind !== undefined && afterKind !== undefined && beforeKind !== afterKind) {
    if (!isLeaf(type, beforeKind)) compareInside(type, beforeKind, before, undefined, path, result);
    if (isLeaf(type, afterKind)) result.modified.insert(path);
    else compareInside(type, afterKind, undefined, after, path, result);
    return;
  }
  const kind = afterKind ?? beforeKind;
  const bothEmpty = isEmpty(before) && isEmpty(after) && kind !== "scalar";
  if (kind === undefined || isLeaf(type, kind) || bothEmpty) {
    compareLeaf(before, after, path, result);
    return;
  }
  compareInside(type, kind, before, after, path, result);
  if (before === undefined) result.added.insert(path);
  else if (after === undefined) result.removed.insert(path);
}

function compareInside(
  type: FieldType,
  kind: Kind,
  before: unknown,
  after: unknown,
  path: readonly PathElement[],
  result: Comparison,
): void {
  if (kind === "list") {
    compareItems(type, itemsOf(before), itemsOf(after), path, result);
    return;
  }
  const [old, now] = [entriesOf(before), entriesOf(after)];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [left, right] = [fieldOf(old, key), fieldOf(now, key)];
    if (left !== undefined || right !== undefined) {
      compareAt(type.field(key), left, right, [...path, `f:${key}`], result);
    }
  }
}

/** Items that share a key are compared as one; a list may hold them if it is updated, not applied. */
function compareItems(
  type: FieldType,
  before: readonly unknown[],
  after: readonly unknown[],
  path: readonly PathElement[],
  result: Comparison,
): void {
  const [old, now] = [byElement(type, before), byElement(type, after)];
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const here = [...path, element];
    const [left, right] = [old.get(element) ?? [], now.get(element) ?? []];
    if (left.length <= 1 && right.length <= 1) {
      compareAt(type.item(), left[0], right[0], here, result);
    } else if (left.length > 1 && right.length > 1) {
      if (!jsonEqual(left, right)) result.modified.insert(here);
    } else if (left.length > 1) {
      if (right.length > 0) compareAt(type.item(), undefined, right[0], here, result);
      result.removed.insert(here);
    } else {
      if (left.length > 0) compareAt(type.item(), left[0], undefined, here, result);
      result.added.insert(here);
    }
  }
}

/** `live` with a configuration merged into it: fields by name, list items by key, all else replaced. */
export function merge(type: FieldType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const [liveKind, kind] = [kindOf(live), kindOf(config)];
  const merged = kind ?? liveKind;
  if (isLeaf(type, merged) || (liveKind !== undefined && liveKind !== merged)) return config;
  if (merged === "list") {
    if (isEmpty(live) && isEmpty(config)) return config;
    return mergeLists(type, itemsOf(live), itemsOf(config));
  }
  if (isEmpty(live) && isEmpty(config)) return config;
  const result = new Map(Object.entries(entriesOf(live)));
  for (const [key, value] of Object.entries(entriesOf(config))) {
    result.set(key, merge(type.field(key), result.get(key), value));
  }
  return Object.fromEntries(result);
}

/** The configuration decides the order of the items that it names; the others stay where they were. */
function mergeLists(type: FieldType, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const liveElements = live.map((item, index) => elementOf(type, item, index));
  const configElements = config.map((item, index) => elementOf(type, item, index));
  const liveByElement = byElement(type, live);
  const wanted = new Set(configElements);
  const shared = configElements.filter((element) => liveByElement.has(element));
  const done = new Set<PathElement>();
  const merged: unknown[] = [];
  const take = (index: number): void => {
    const element = configElements[index] ?? "";
    const same = liveByElement.get(element) ?? [];
    done.add(element);
    if (shared[0] === element) shared.shift();
    merged.push(merge(type.item(), same.length === 1 ? same[0] : undefined, config[index]));
  };
  let [left, right] = [0, 0];
  while (left < live.length || right < config.length) {
    const element = left < live.length ? liveElements[left] : undefined;
    if (element === undefined) {
      take(right);
      right += 1;
    } else if (right < config.length && element === configElements[right]) {
      take(right);
      left += 1;
      right += 1;
    } else if (!wanted.has(element)) {
      merged.push(live[left]);
      left += 1;
    } else if (
      done.has(element) ||
      (right < config.length && shared[0] !== undefined && shared[0] !== element)
    ) {
      left += 1;
    } else if (right < config.length) {
      take(right);
      right += 1;
    } else {
      left += 1;
    }
  }
  return merged;
}

/** The value without the paths of a set; undefined if nothing is left. */
export function removeItems(type: FieldType, value: unknown, set: FieldSet): unknown {
  const kind = kindOf(value);
  if (kind === undefined || kind === "scalar") return value;
  if (isEmpty(value) || isLeaf(type, kind)) return undefined;
  if (kind === "list") {
    const kept = itemsOf(value).flatMap((item, index) => {
      const element = elementOf(type, item, index);
      if (set.members.has(element)) return [];
      const below = set.children.get(element);
      return [below === undefined ? item : removeItems(type.item(), item, below)];
    });
    return kept.length === 0 ? undefined : kept;
  }
  const kept = Object.entries(entriesOf(value)).flatMap(([key, field]): [string, unknown][] => {
    const element = `f:${key}`;
    if (set.members.has(element)) return [];
    const below = set.children.get(element);
    const left = below === undefined ? field : removeItems(type.field(key), field, below);
    return left === undefined ? [] : [[key, left]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** The set with every struct field that leads to a member being a member too: removing works on whole fields. */
export function withNamedFields(type: FieldType, set: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const element of set.members) result.members.add(element);
  for (const [element, child] of set.children) {
    const name = element.slice(2);
    const isField = element.startsWith("f:");
    if (isField && type.isNamed(name)) result.members.add(element);
    result.children.set(element, withNamedFields(isField ? type.field(name) : type.item(), child));
  }
  return result;
}
