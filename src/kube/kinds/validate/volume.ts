import type { FieldError } from "../../field-errors.ts";
import * as field from "../../field-errors.ts";
import { itemsOf, partOf, textOf, type JsonObject } from "../../json-object.ts";
import { dnsLabelErrors } from "../../names.ts";

/** Volumes of a pod: their errors and the names that containers may mount. */
export function validateVolumes(
  volumes: readonly JsonObject[],
  path: string,
): { names: Set<string>; errors: FieldError[] } {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateSource(volume, at));
    const name = textOf(volume, "name");
    if (name === "") {
      errors.push(field.required(`${at}.name`));
      continue;
    }
    for (const detail of dnsLabelErrors(name)) errors.push(field.invalid(`${at}.name`, name, detail));
    if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name));
    names.add(name);
  }
  return { names, errors };
}

function validateSource(volume: JsonObject, at: string): FieldError[] {
  const sources = Object.keys(volume).filter((name) => name !== "name");
  const [first = ""] = sources;
  const errors: FieldError[] = sources
    .slice(1)
    .map((name) => field.forbidden(`${at}.${name}`, "may not specify more than 1 volume type"));
  const source = partOf(volume, first);
  switch (first) {
    case "secret":
      if (textOf(source, "secretName") === "") errors.push(field.required(`${at}.secret.secretName`));
      errors.push(...validateItems(source, `${at}.secret`));
      break;
    case "configMap":
      if (textOf(source, "name") === "") errors.push(field.required(`${at}.configMap.name`));
      errors.push(...validateItems(source, `${at}.configMap`));
      break;
    case "persistentVolumeClaim":
      if (textOf(source, "claimName") === "") {
        errors.push(field.required(`${at}.persistentVolumeClaim.claimName`));
      }
      break;
    case "hostPath":
      if (textOf(source, "path") === "") errors.push(field.required(`${at}.hostPath.path`));
      else errors.push(...backStepErrors(textOf(source, "path"), `${at}.hostPath.path`));
      break;
    default:
      break;
  }
  return errors;
}

function validateItems(source: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const mode = source["defaultMode"];
  if (typeof mode === "number" && (mode < 0 || mode > 0o777))
    errors.push(modeError(`${at}.defaultMode`, mode));
  for (const [index, item] of itemsOf(source, "items").entries()) {
    const path = `${at}.items[${index}]`;
    if (textOf(item, "key") === "") errors.push(field.required(`${path}.key`));
    if (textOf(item, "path") === "") errors.push(field.required(`${path}.path`));
    else errors.push(...relativePathErrors(textOf(item, "path"), `${path}.path`));
    const itemMode = item["mode"];
    if (typeof itemMode === "number" && (itemMode < 0 || itemMode > 0o777)) {
      errors.push(modeError(`${path}.mode`, itemMode));
    }
  }
  return errors;
}

function modeError(path: string, mode: number): FieldError {
  return field.invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

/** A path inside a volume: relative, and never upwards. */
export function relativePathErrors(text: string, path: string): FieldError[] {
  const errors = text.startsWith("/") ? [field.invalid(path, text, "must be a relative path")] : [];
  return [...errors, ...backStepErrors(text, path)];
}

function backStepErrors(text: string, path: string): FieldError[] {
  return text.split("/").includes("..") ? [field.invalid(path, text, "must not contain '..'")] : [];
}
