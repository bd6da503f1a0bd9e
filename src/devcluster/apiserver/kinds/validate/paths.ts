import * as field from "../../../../kube/field-errors.ts";
import type { FieldError } from "../../../../kube/field-errors.ts";

/** A path inside a volume: relative, and never upwards. */
export function relativePathErrors(text: string, path: string): FieldError[] {
  const errors = text.startsWith("/") ? [field.invalid(path, text, "must be a relative path")] : [];
  return [...errors, ...backStepErrors(text, path)];
}

/** A path that never goes upwards. */
export function backStepErrors(text: string, path: string): FieldError[] {
  return text.split("/").includes("..") ? [field.invalid(path, text, "must not contain '..'")] : [];
}
