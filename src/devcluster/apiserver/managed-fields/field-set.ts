import { quote } from "../../../kube/go-text.ts";
import { isObject, type JsonObject } from "../../../kube/json.ts";

/**
 * One step of a path, as FieldsV1 writes it: `f:name` a field, `k:{"name":"x"}` an item of a map list,
 * `v:"x"` a member of a set, `i:0` an index.
 */
export type PathElement = string;

/**
 * A set of paths as FieldsV1 holds it: an element may be a member itself, lead to further paths, or both.
 * Source: structured-merge-diff fieldpath.Set. Sets are shared: once filled they are not changed.
 */
export class FieldSet {
  readonly members = new Set<PathElement>();
  readonly children = new Map<PathElement, FieldSet>();

  /** Adds a path while the set is being filled; the empty path is none. */
  insert(path: readonly PathElement[]): void {
    const [first, ...rest] = path;
    if (first === undefined) return;
    if (rest.length === 0) {
      this.members.add(first);
      return;
    }
    let child = this.children.get(first);
    if (child === undefined) {
      child = new FieldSet();
      this.children.set(first, child);
    }
    child.insert(rest);
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.children.size === 0;
  }

  has(path: readonly PathElement[]): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    if (rest.length === 0) return this.members.has(first);
    return this.children.get(first)?.has(rest) ?? false;
  }
}

/** Members of either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const element of [...a.members, ...b.members]) result.members.add(element);
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    result.children.set(element, other === undefined ? child : union(child, other));
  }
  for (const [element, child] of b.children) {
    if (!a.children.has(element)) result.children.set(element, child);
  }
  return result;
}

function keepChild(into: FieldSet, element: PathElement, child: FieldSet): void {
  if (!child.isEmpty) into.children.set(element, child);
}

/** Members of `a` that are not members of `b`; what lies below a member of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const element of a.members) if (!b.members.has(element)) result.members.add(element);
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    keepChild(result, element, other === undefined ? child : difference(child, other));
  }
  return result;
}

/** Members of both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const element of a.members) if (b.members.has(element)) result.members.add(element);
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other !== undefined) keepChild(result, element, intersection(child, other));
  }
  return result;
}

/** The set with only those top-level fields (by name) that `keep` wants. */
export function filterRoots(set: FieldSet, keep: (field: string) => boolean): FieldSet {
  const result = new FieldSet();
  const wanted = (element: PathElement): boolean => keep(element.slice(2));
  for (const element of set.members) if (wanted(element)) result.members.add(element);
  for (const [element, child] of set.children) if (wanted(element)) result.children.set(element, child);
  return result;
}

/** Every path of the set, in FieldsV1's order. */
export function pathsOf(set: FieldSet): PathElement[][] {
  const elements = [...new Set([...set.members, ...set.children.keys()])].sort();
  return elements.flatMap((element) => {
    const own = set.members.has(element) ? [[element]] : [];
    const child = set.children.get(element);
    return child === undefined ? own : [...own, ...pathsOf(child).map((path) => [element, ...path])];
  });
}

function printElement(element: PathElement): string {
  const content = element.slice(2);
  switch (element[0]) {
    case "k": {
      const keys: unknown = JSON.parse(content);
      const pairs = isObject(keys) ? Object.entries(keys) : [];
      return `[${pairs.map(([key, value]) => `${key}=${printValue(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${content}]`;
    case "i":
      return `[${content}]`;
    default:
      return `.${content}`;
  }
}

function printValue(value: unknown): string {
  return typeof value === "string" ? quote(value) : JSON.stringify(value);
}

/** A path as conflicts name it: `.spec.ports[name="http"].port`. */
export function printPath(path: readonly PathElement[]): string {
  return path.map(printElement).join("");
}

/** The `fieldsV1` of a managedFields entry. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const elements = [...new Set([...set.members, ...set.children.keys()])].sort();
  return Object.fromEntries(
    elements.map((element) => {
      const child = set.children.get(element);
      const below = child === undefined ? {} : toFieldsV1(child);
      const isMember = set.members.has(element) && child !== undefined;
      return [element, isMember ? { ".": {}, ...below } : below];
    }),
  );
}

function isElement(text: string): boolean {
  if (!/^[fkvi]:/.test(text)) return false;
  if (text.startsWith("f:")) return true;
  if (text.startsWith("i:")) return /^i:\d+$/.test(text);
  try {
    const parsed: unknown = JSON.parse(text.slice(2));
    return text.startsWith("v:") || isObject(parsed);
  } catch {
    return false;
  }
}

/** Reads `fieldsV1`; undefined if it is malformed. */
export function fromFieldsV1(fields: unknown): FieldSet | undefined {
  if (!isObject(fields)) return undefined;
  const set = new FieldSet();
  for (const [element, below] of Object.entries(fields)) {
    if (element === ".") continue;
    if (!isElement(element) || !isObject(below)) return undefined;
    const child = fromFieldsV1(below);
    if (child === undefined) return undefined;
    if (child.isEmpty || Object.hasOwn(below, ".")) set.members.add(element);
    if (!child.isEmpty) set.children.set(element, child);
  }
  return set;
}
