import { type MutableObject } from "../answers/json-object.ts";
import { textAt } from "../../../kube/json.ts";
import { badRequest } from "../answers/status-error.ts";

/** Who a request comes from. Members of `system:masters` may do everything. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A member of `system:masters`, who may do everything. */
export const administrator: User = {
  name: "kubernetes-admin",
  groups: ["system:masters", "system:authenticated"],
};

/** The server itself, as the author of what it writes. */
export const apiServerUser: User = {
  name: "system:apiserver",
  groups: ["system:masters", "system:authenticated"],
};

/** The user that a client certificate's subject stands for; undefined for one without a common name. */
export function userOfSubject(
  subject: { CN?: string | string[]; O?: string | string[] } | undefined,
): User | undefined {
  const [name] = [subject?.CN ?? []].flat();
  if (name === undefined) return undefined;
  return { name, groups: [...[subject?.O ?? []].flat(), "system:authenticated"] };
}

/** The user that a service account's token stands for. */
export function serviceAccountUser(namespace: string, name: string, uid: string): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

/** A user as reviews and webhooks show them. */
export function userInfo(user: User): MutableObject {
  const { name, uid, groups, extra } = user;
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined ? {} : { extra }),
  };
}

/** Whom an access review is about; throws 400 if it says nobody. */
export function subjectOf(spec: MutableObject): User {
  const groups = Array.isArray(spec["groups"]) ? spec["groups"].map(String) : [];
  const name = textAt(spec, "user");
  if (name === "" && groups.length === 0)
    throw badRequest("at least one of spec.user or spec.groups must be specified");
  return { name, groups };
}
