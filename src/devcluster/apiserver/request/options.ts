import {
  forbidden,
  invalid as invalidField,
  notSupported,
  required,
  tooLong,
  type FieldError,
} from "../../../kube/field-errors.ts";
import { byteLength } from "../../../kube/names.ts";
import { invalid } from "../answers/status-error.ts";
import { isApply } from "./accept.ts";
import { isTrue, type RequestText } from "./request-info.ts";

/** The query of a write. Source: meta/v1 CreateOptions, UpdateOptions, PatchOptions. */
export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: "Ignore" | "Warn" | "Strict";
  force: boolean;
}

const FIELD_VALIDATIONS = ["Ignore", "Warn", "Strict"] as const;

/** The verbs that write, with the kinds of their options. */
const OPTION_KINDS = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
} as const;

/** A verb that writes an object. */
export type WriteVerb = keyof typeof OPTION_KINDS;

/** Whether a verb writes an object. */
export function isWriteVerb(verb: string): verb is WriteVerb {
  return Object.hasOwn(OPTION_KINDS, verb);
}

/** The 422 answer to options of this kind. */
export function optionsError(kind: string, errors: readonly FieldError[]): Error {
  return invalid({ group: "meta.k8s.io", kind }, "", errors);
}

/** Reads the query of a write; throws in the server's words. */
export function parseWriteOptions(request: RequestText, verb: WriteVerb): WriteOptions {
  const { query } = request;
  const kind = OPTION_KINDS[verb];
  const applies = verb === "patch" && isApply(request.headers["content-type"]);
  const errors: FieldError[] = [];
  const fieldManager = query.get("fieldManager") ?? "";
  if (applies && fieldManager === "") errors.push(required("fieldManager", "is required for apply patch"));
  if (!applies && query.has("force") && verb === "patch") {
    errors.push(forbidden("force", "may not be specified for non-apply patch"));
  }
  errors.push(...fieldManagerErrors(fieldManager));
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) errors.push(notSupported("dryRun", dryRun, ["All"]));
  const asked = query.get("fieldValidation") ?? "";
  const fieldValidation = FIELD_VALIDATIONS.find((value) => value === (asked === "" ? "Warn" : asked));
  if (fieldValidation === undefined) {
    errors.push(notSupported("fieldValidation", asked, ["", "Ignore", "Strict", "Warn"]));
  }
  if (errors.length > 0) throw optionsError(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: fieldManager === "" ? managerOf(request.headers["user-agent"]) : fieldManager,
    fieldValidation: fieldValidation ?? "Warn",
    force: isTrue(query.get("force")),
  };
}

function fieldManagerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (byteLength(manager) > 128) errors.push(tooLong("fieldManager", 128));
  let position = 0;
  for (const rune of manager) {
    if (/[\p{C}\p{Z}]/u.test(rune) && rune !== " ") {
      const code = (rune.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      const detail = `invalid character U+${code} (at position ${position})`;
      errors.push(invalidField("fieldManager", manager, detail));
    }
    position += byteLength(rune);
  }
  return errors;
}

/** A client that names no field manager is known by the first word of its User-Agent. */
function managerOf(userAgent: string | undefined): string {
  const prefix =
    (userAgent ?? "")
      .split("/")[0]
      ?.replace(/[^\x20-\x7e]/g, "")
      .slice(0, 128) ?? "";
  return prefix === "" ? "unknown" : prefix;
}
