import { goJson, quote } from "../../../kube/go-text.ts";
import { isObject, jsonEqual, jsonKind, withField, withoutField } from "../../../kube/json.ts";
import type { Parsed } from "../../../kube/parsed.ts";

/** One operation of a JSON patch (RFC 6902). */
export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

function typeError(value: unknown, type: string, field = ""): string {
  const where = field === "" ? "value" : `struct field ${field}`;
  return `error decoding patch: json: cannot unmarshal ${jsonKind(value)} into Go ${where} of type ${type}`;
}

/** Reads the body of a JSON patch; the error is the one a server gives for a body that is none. */
export function parseJsonPatch(body: unknown): Parsed<JsonPatchOperation[]> {
  if (body === null) return { value: [] };
  if (!Array.isArray(body)) return { error: typeError(body, "[]handlers.jsonPatchOp") };
  const operations: JsonPatchOperation[] = [];
  for (const item of body as readonly unknown[]) {
    if (item !== null && !isObject(item)) return { error: typeError(item, "handlers.jsonPatchOp") };
    const { op = "", path = "", from = "", value } = item ?? {};
    if (typeof op !== "string") return { error: typeError(op, "string", "jsonPatchOp.op") };
    if (typeof path !== "string") return { error: typeError(path, "string", "jsonPatchOp.path") };
    if (typeof from !== "string") return { error: typeError(from, "string", "jsonPatchOp.from") };
    operations.push({ op, path, from, ...(Object.hasOwn(item ?? {}, "value") ? { value } : {}) });
  }
  return { value: operations };
}

const OPERATION_FIELDS = new Set(["op", "path", "from", "value"]);

/** The paths of what a JSON patch says beside its operations' fields. */
export function unknownOperationFields(body: unknown): string[] {
  const operations: readonly unknown[] = Array.isArray(body) ? body : [];
  return operations.flatMap((operation, index) =>
    Object.keys(isObject(operation) ? operation : {})
      .filter((field) => !OPERATION_FIELDS.has(field))
      .map((field) => `[${index}].${field}`),
  );
}

function parsePointer(path: string): string[] | undefined {
  if (path === "") return [];
  if (!path.startsWith("/")) return undefined;
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** An array index; negative ones count from the end, as the server's library allows. */
function parseIndex(key: string, length: number): number | undefined {
  if (!/^-?(0|[1-9][0-9]*)$/.test(key)) return undefined;
  const index = Number(key);
  return index < 0 ? length + index : index;
}

function lookUp(document: unknown, path: readonly string[]): Parsed<unknown> {
  let current = document;
  for (const key of path) {
    if (isObject(current) && Object.hasOwn(current, key)) current = current[key];
    else if (Array.isArray(current)) {
      const items: readonly unknown[] = current;
      const index = parseIndex(key, items.length);
      if (index === undefined || index < 0 || index >= items.length) {
        return { error: `Unable to access invalid index: ${key}: invalid index referenced` };
      }
      current = items[index];
    } else return { error: `missing path: /${path.join("/")}` };
  }
  return { value: current };
}

type Change = "add" | "replace" | "remove";

function changeObject(
  target: { readonly [key: string]: unknown },
  key: string,
  change: Change,
  value: unknown,
): Parsed<unknown> {
  // The server's library replaces what is not there, too.
  if (change === "remove" && !Object.hasOwn(target, key)) {
    return { error: `Unable to remove nonexistent key: ${key}: missing value` };
  }
  return { value: change === "remove" ? withoutField(target, key) : withField(target, key, value) };
}

function changeArray(
  target: readonly unknown[],
  key: string,
  change: Change,
  value: unknown,
): Parsed<unknown> {
  if (change === "add" && key === "-") return { value: [...target, value] };
  const length = change === "add" ? target.length + 1 : target.length;
  const index = parseIndex(key, length);
  if (index === undefined || index < 0 || index >= length) {
    return { error: `Unable to access invalid index: ${key}: invalid index referenced` };
  }
  if (change === "add") return { value: target.toSpliced(index, 0, value) };
  return { value: change === "replace" ? target.with(index, value) : target.toSpliced(index, 1) };
}

function changeAt(
  document: unknown,
  path: readonly string[],
  change: Change,
  value?: unknown,
): Parsed<unknown> {
  const [key, ...rest] = path;
  if (key === undefined) return { value: change === "remove" ? null : value };
  if (rest.length === 0) {
    if (isObject(document)) return changeObject(document, key, change, value);
    if (Array.isArray(document)) return changeArray(document, key, change, value);
    return { error: `doc is missing path: /${path.join("/")}: missing value` };
  }
  const child = lookUp(document, [key]);
  if (child.error !== undefined) return child;
  const changed = changeAt(child.value, rest, change, value);
  if (changed.error !== undefined) return changed;
  if (isObject(document)) return { value: withField(document, key, changed.value) };
  const items = Array.isArray(document) ? (document as readonly unknown[]) : [];
  return { value: items.with(parseIndex(key, items.length) ?? 0, changed.value) };
}

function applyOperation(document: unknown, operation: JsonPatchOperation): Parsed<unknown> {
  const { op, value } = operation;
  const path = parsePointer(operation.path);
  const from = parsePointer(operation.from ?? "");
  if (operation.path === "" && op !== "test") return { error: "the whole document cannot be changed" };
  if (path === undefined || from === undefined) {
    return { error: `invalid JSON pointer: ${path === undefined ? operation.path : operation.from}` };
  }
  switch (op) {
    case "add":
    case "replace":
    case "remove":
      return changeAt(document, path, op, value ?? null);
    case "test": {
      const found = lookUp(document, path);
      const equal = jsonEqual(found.error === undefined ? found.value : null, value ?? null);
      return equal
        ? { value: document }
        : { error: `testing value ${operation.path} failed: test failed, found ${goJson(found.value)}` };
    }
    case "copy":
    case "move": {
      const source = lookUp(document, from);
      if (source.error !== undefined) return source;
      if (op === "copy") return changeAt(document, path, "add", source.value);
      if (path.length > from.length && from.every((part, index) => part === path[index])) {
        return { error: `cannot move ${operation.from} into itself` };
      }
      const removed = changeAt(document, from, "remove");
      return removed.error === undefined ? changeAt(removed.value, path, "add", source.value) : removed;
    }
    default:
      return { error: `Unexpected kind: ${op === "" ? "unknown" : op}` };
  }
}

/** The document with every operation applied in order, or the first one that does not apply. Nothing is changed in place. */
export function applyJsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
): Parsed<unknown> {
  let current = document;
  for (const operation of operations) {
    const next = applyOperation(current, operation);
    if (next.error !== undefined) {
      return { error: `${operation.op} operation at ${quote(operation.path)} does not apply: ${next.error}` };
    }
    current = next.value;
  }
  return { value: current };
}
