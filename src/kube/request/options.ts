import { invalid as invalidField, notSupported, required, type FieldError } from "../field-errors.ts";
import { isJsonObject, partOf, textOf, type JsonObject } from "../json-object.ts";
import { badRequest, invalid } from "../status-error.ts";
import { isApply } from "./accept.ts";
import { isTrue, type RequestText } from "./request-info.ts";

/** The query of a write. Source: meta/v1 CreateOptions, UpdateOptions, PatchOptions. */
export interface WriteOptions {
  dryRun: boolean;
  fieldManager: string;
  fieldValidation: "Ignore" | "Warn" | "Strict";
  force: boolean;
}

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

function optionsError(kind: string, errors: readonly FieldError[]): Error {
  return invalid({ group: "meta.k8s.io", kind }, "", errors);
}

/** Reads the query of a write; throws in the server's words. */
export function parseWriteOptions(request: RequestText, verb: WriteVerb): WriteOptions {
  const { query } = request;
  const kind = OPTION_KINDS[verb];
  const applies = verb === "patch" && isApply(request.headers["content-type"]);
  const errors: FieldError[] = [];
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  if (dryRun.some((value) => value !== "All")) errors.push(notSupported("dryRun", dryRun, ["All"]));
  const fieldManager = query.get("fieldManager") ?? "";
  errors.push(...fieldManagerErrors(fieldManager));
  if (applies && fieldManager === "") errors.push(required("fieldManager", "is required for apply patch"));
  if (!applies && query.has("force") && verb === "patch") {
    errors.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: may not be specified for non-apply patch",
      field: "force",
    });
  }
  const fieldValidation = query.get("fieldValidation") ?? "Warn";
  if (fieldValidation !== "Ignore" && fieldValidation !== "Warn" && fieldValidation !== "Strict") {
    throw optionsError(kind, [
      notSupported("fieldValidation", fieldValidation, ["", "Ignore", "Strict", "Warn"]),
    ]);
  }
  if (errors.length > 0) throw optionsError(kind, errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: fieldManager === "" ? managerOf(request.headers["user-agent"]) : fieldManager,
    fieldValidation,
    force: isTrue(query.get("force")),
  };
}

function fieldManagerErrors(manager: string): FieldError[] {
  const errors: FieldError[] = [];
  if (manager.length > 128)
    errors.push(invalidField("fieldManager", manager, "may not be more than 128 bytes"));
  if (/[\p{C}]/u.test(manager)) {
    errors.push(invalidField("fieldManager", manager, "should only contain printable characters"));
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

/** meta/v1 DeleteOptions, from a body or from the query. */
export interface DeleteRequest {
  dryRun: boolean;
  gracePeriodSeconds: number | undefined;
  propagation: "Foreground" | "Background" | "Orphan" | undefined;
  uid: string | undefined;
  resourceVersion: string | undefined;
}

/** A delete of which nothing is asked. */
export const PLAIN_DELETE: DeleteRequest = {
  dryRun: false,
  gracePeriodSeconds: undefined,
  propagation: undefined,
  uid: undefined,
  resourceVersion: undefined,
};

/** Reads DeleteOptions from the body or, where it has none, the query; throws in the server's words. */
export function parseDeleteOptions(request: RequestText): DeleteRequest {
  const body = deleteBody(request.body);
  const preconditions = isJsonObject(body["preconditions"]) ? body["preconditions"] : {};
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const grace = body["gracePeriodSeconds"] ?? request.query.get("gracePeriodSeconds") ?? undefined;
  const propagation = text(body["propagationPolicy"]) ?? request.query.get("propagationPolicy") ?? undefined;
  const orphan = body["orphanDependents"] ?? request.query.get("orphanDependents") ?? undefined;
  const dryRun = Array.isArray(body["dryRun"]) ? body["dryRun"] : request.query.getAll("dryRun");
  const allowed = ["Foreground", "Background", "Orphan"];
  if (propagation !== undefined && !allowed.includes(propagation)) {
    throw optionsError("DeleteOptions", [
      notSupported("propagationPolicy", propagation, [...allowed, "nil"]),
    ]);
  }
  if (dryRun.some((value) => value !== "All")) {
    throw optionsError("DeleteOptions", [notSupported("dryRun", dryRun, ["All"])]);
  }
  const seconds = grace === undefined || grace === null ? undefined : Number(grace);
  if (seconds !== undefined && !Number.isInteger(seconds)) {
    throw badRequest(`gracePeriodSeconds must be a whole number, got ${JSON.stringify(grace)}`);
  }
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: seconds,
    propagation:
      (propagation as DeleteRequest["propagation"]) ??
      (orphan === undefined ? undefined : String(orphan) === "true" ? "Orphan" : "Background"),
    uid: text(preconditions["uid"]),
    resourceVersion: text(preconditions["resourceVersion"]),
  };
}

function deleteBody(body: string): JsonObject {
  if (body.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (isJsonObject(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw badRequest("the body of a delete must be a DeleteOptions object");
}

/** The DeleteOptions inside a policy/v1 Eviction, checked as those of a delete. */
export function parseEviction(request: RequestText, eviction: JsonObject): DeleteRequest {
  const version = textOf(eviction, "apiVersion");
  if (version !== "" && version !== "policy/v1") {
    throw badRequest(`eviction of v1 pods must be a policy/v1 Eviction, got ${version}`);
  }
  return parseDeleteOptions({ ...request, body: JSON.stringify(partOf(eviction, "deleteOptions")) });
}
