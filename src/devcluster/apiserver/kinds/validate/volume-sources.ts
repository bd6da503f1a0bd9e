import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../../kube/json.ts";
import { compareQuantities, parseQuantity } from "../../../../kube/quantity.ts";
import { validateFile } from "./downward.ts";
import { backStepErrors, relativePathErrors } from "./paths.ts";
import { checkRules, oneOf, present, type Check, type Rule } from "./rule-table.ts";

/** What a volume of a pod comes from. Source: kubernetes pkg/apis/core/validation. */

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

const mode: Check = (value, at) =>
  typeof value === "number" && (value < 0 || value > 0o777)
    ? [field.invalid(at, value, "must be a number between 0 and 0777 (octal), both inclusive")]
    : [];

const notNegative: Check = (value, at) => {
  const zero = parseQuantity("0").value;
  const amount = parseQuantity(String(value)).value;
  if (value === undefined || zero === undefined || amount === undefined) return [];
  if (compareQuantities(amount, zero) >= 0) return [];
  return [field.forbidden(at, "SizeLimit field must be a valid resource quantity")];
};

const within: Check = (value, at) => (value ? backStepErrors(String(value), at) : []);

const localPath: Check = (value, at) => {
  if (!value) return [];
  const path = String(value);
  const errors = relativePathErrors(path, at);
  if (path.startsWith("..") && !path.startsWith("../")) {
    errors.push(field.invalid(at, path, "must not start with '..'"));
  }
  return errors;
};

const ITEMS: readonly Rule[] = [
  ["items[].key", present()],
  ["items[].path", present(), localPath],
  ["items[].mode", mode],
];

const FILES: Check = (value, at) => {
  const check = (path: string, here: string): FieldError[] => localPath(path, here, {});
  return validateFile(value as MutableObject, at.replace(/\.items\[\d+\]$/, ""), check);
};

/** The rules of each source that has any; a source that is not here has none. */
const SOURCES: Readonly<Record<string, readonly Rule[]>> = {
  emptyDir: [["sizeLimit", notNegative]],
  hostPath: [
    ["path", present(), within],
    ["type", (value, at, parent) => (value === "" ? [] : oneOf(...HOST_PATH_TYPES)(value, at, parent))],
  ],
  secret: [["secretName", present()], ["defaultMode", mode], ...ITEMS],
  configMap: [["defaultMode", mode], ["name", present()], ...ITEMS],
  persistentVolumeClaim: [["claimName", present()]],
  downwardAPI: [
    ["defaultMode", mode],
    ["items[].mode", mode],
    ["items[]", FILES],
  ],
  projected: [
    ["defaultMode", mode],
    ["sources", projectionErrors],
  ],
};

/** Everything wrong with one source of a volume at `at`. */
export function validateVolumeSource(name: string, source: MutableObject, at: string): FieldError[] {
  return checkRules(SOURCES[name] ?? [], source, at);
}

const TOKEN: readonly Rule[] = [
  [
    "expirationSeconds",
    (value, at) => {
      if (typeof value !== "number") return [];
      const words = "may not specify a duration less than 10 minutes";
      if (value < 600) return [field.invalid(at, value, words)];
      if (value <= 2 ** 32) return [];
      return [field.invalid(at, value, "may not specify a duration larger than 2^32 seconds")];
    },
  ],
];
const REFERENCE: readonly Rule[] = [["name", present()], ...ITEMS];

function projectionErrors(value: unknown, at: string): FieldError[] {
  const volume = at.replace(/\.sources$/, "");
  const paths = new Set<string>();
  const sources = Array.isArray(value) ? (value as MutableObject[]) : [];
  return sources.flatMap((source, index) => {
    const here = `${at}[${index}]`;
    const names = Object.keys(source);
    const errors = names.flatMap((name) => oneProjection(name, objectAt(source, name), here, volume));
    if (names.length > 1) {
      errors.push(field.forbidden(here, "may not specify more than 1 volume type per source"));
    }
    for (const [name, path] of names.flatMap((name) => projectedPaths(name, objectAt(source, name)))) {
      if (paths.has(path)) errors.push(field.invalid(volume, name, "conflicting duplicate paths"));
      paths.add(path);
    }
    return errors;
  });
}

function oneProjection(name: string, source: MutableObject, here: string, volume: string): FieldError[] {
  const at = `${here}.${name}`;
  if (name === "secret" || name === "configMap") return checkRules(REFERENCE, source, at);
  if (name === "downwardAPI") return checkRules([["items[]", FILES]], source, at);
  if (name !== "serviceAccountToken") return [];
  const errors = checkRules(TOKEN, source, at);
  const path = textAt(source, "path");
  if (path === "") errors.push(field.required(`${volume}.path`));
  else errors.push(...localPath(path, `${volume}.path`, source).slice(0, 1));
  return errors;
}

/** The files that a projection makes, with the name that a conflict is reported under. */
function projectedPaths(name: string, source: MutableObject): [string, string][] {
  if (name === "serviceAccountToken") {
    const path = textAt(source, "path");
    return path === "" ? [] : [[path, path]];
  }
  return objectsAt(source, "items").flatMap((item): [string, string][] => {
    const path = textAt(item, "path");
    return path === "" ? [] : [[name === "downwardAPI" ? path : textAt(source, "name"), path]];
  });
}

const MOUNT: readonly Rule[] = [
  ["mountPropagation", oneOf("Bidirectional", "HostToContainer", "None")],
  ["subPath", (value, at) => (value ? relativePathErrors(String(value), at) : [])],
  ["subPathExpr", (value, at) => (value ? relativePathErrors(String(value), at) : [])],
];

/** Everything wrong with how a volume is mounted; a real server leaves the index out of these paths. */
export function validateMountOptions(mount: MutableObject, at: string): FieldError[] {
  return checkRules(MOUNT, mount, at);
}
