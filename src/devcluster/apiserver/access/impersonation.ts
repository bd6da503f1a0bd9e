import { failure, forbidden } from "../answers/status-error.ts";
import type { User } from "./user.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * The user that a request is made as (`kubectl --as`, `--as-group`). Unlike in a full API server only
 * members of system:masters may act as others; anyone else gets 403.
 */
export function impersonated(
  user: User,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): User {
  const name = headers["impersonate-user"];
  const groups = [headers["impersonate-group"] ?? []].flat().flatMap((text) => text.split(/, */));
  if (typeof name !== "string" || name === "") {
    if (groups.length === 0 && headers["impersonate-uid"] === undefined) return user;
    throw failure(
      400,
      "BadRequest",
      "requested to impersonate a group or uid without impersonating a user",
      {},
    );
  }
  if (!user.groups.includes("system:masters")) {
    const why = `User "${user.name}" cannot impersonate resource "users" in API group "" at the cluster scope`;
    throw forbidden({ group: "", resource: "users" }, name, why);
  }
  return {
    name,
    groups: [...new Set([...(groups.length > 0 ? groups : impliedGroups(name)), "system:authenticated"])],
  };
}

/** A ServiceAccount's own groups, if none are asked for. */
function impliedGroups(name: string): string[] {
  const namespace = SERVICE_ACCOUNT.exec(name)?.[1];
  return namespace === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}
