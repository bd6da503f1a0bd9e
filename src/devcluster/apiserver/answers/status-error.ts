import { invalidStatus, type FieldError } from "../../../kube/field-errors.ts";
import type { Status, StatusCause, StatusReason } from "../../../kube/status.ts";

/** A request's refusal. Whoever throws it has decided the whole answer. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? "");
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** What messages name: `pods`, or `jobs.batch`. */
export interface GroupResource {
  group: string;
  resource: string;
}

/** A Failure with this code, reason and message. */
export function failure(
  code: number,
  reason: StatusReason | undefined,
  message: string,
  details?: Status["details"],
): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}

/** `pods`, or `jobs.batch`. */
export function qualifiedResource({ group, resource }: GroupResource): string {
  return group === "" ? resource : `${resource}.${group}`;
}

function detailsOf({ group, resource }: GroupResource, name: string): NonNullable<Status["details"]> {
  return { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource };
}

/** 404: there is no such object. */
export function notFound(resource: GroupResource, name: string): StatusError {
  return failure(
    404,
    "NotFound",
    `${qualifiedResource(resource)} "${name}" not found`,
    detailsOf(resource, name),
  );
}

/** 409: the name is taken. */
export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return failure(
    409,
    "AlreadyExists",
    `${qualifiedResource(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  );
}

/** 409: the object is not as the client thinks. */
export function conflict(resource: GroupResource, name: string, message: string): StatusError {
  return failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualifiedResource(resource)} "${name}": ${message}`,
    detailsOf(resource, name),
  );
}

/** The answer to an update whose resourceVersion is not the latest. */
export function staleWrite(resource: GroupResource, name: string): StatusError {
  return conflict(
    resource,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}

/** 400 with this message. */
export function badRequest(message: string): StatusError {
  return failure(400, "BadRequest", message);
}

/** 403, with what is refused and why. */
export function forbidden(resource: GroupResource, name: string, message: string): StatusError {
  return failure(
    403,
    "Forbidden",
    `${qualifiedResource(resource)}${name === "" ? "" : ` "${name}"`} is forbidden: ${message}`,
    detailsOf(resource, name),
  );
}

/** Field errors as one 422. Equal messages are shown once; every cause is listed. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  causes: readonly FieldError[],
): StatusError {
  return new StatusError(invalidStatus({ ...kind, name }, causes));
}

/** The requested path is of a known group, but nothing answers there. */
export function unknownResource(): StatusError {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return failure(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}

/** Something that a real server has and this one does not. */
export function notServed(what: string): StatusError {
  return failure(501, "", `the development cluster does not serve ${what}`);
}

/** 415 with this message. */
export function unsupportedMediaType(message: string, details?: Status["details"]): StatusError {
  return failure(415, "UnsupportedMediaType", message, details);
}

/** A watch or a page asks for a version that is no longer known. */
export function expired(message: string, continueToken?: string): StatusError {
  const error = failure(410, "Expired", message);
  if (continueToken !== undefined) error.status.metadata = { continue: continueToken };
  return error;
}

/** 504: the version asked for has not come yet. */
export function versionTooLarge(wanted: number, current: number): StatusError {
  return failure(504, "Timeout", `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    causes: [
      { reason: "ResourceVersionTooLarge", message: "Too large resource version" } satisfies StatusCause,
    ],
    retryAfterSeconds: 1,
  });
}
