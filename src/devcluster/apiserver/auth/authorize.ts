import { failure, type StatusError } from "../../../kube/status-error.ts";
import type { RequestInfo } from "../../../kube/request/request-info.ts";
import type { User } from "../../../kube/access/user.ts";
import type { AccessRequest } from "../../../kube/access/rules.ts";
import type { Authorizer } from "./rbac.ts";

export function accessOf(info: RequestInfo): AccessRequest {
  const { verb, group, resource, subresource, namespace, name, path } = info;
  return info.isResource ? { verb, group, resource, subresource, namespace, name } : { verb, path };
}

/** Throws 403, in the server's words, where the user may not do what is asked. */
export function authorize(authorizer: Authorizer, user: User, info: RequestInfo): void {
  if (!authorizer.isAllowed(user, accessOf(info))) throw refusal(user, info);
}

function refusal(user: User, info: RequestInfo): StatusError {
  if (!info.isResource) {
    return failure(
      403,
      "Forbidden",
      `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`,
      {},
    );
  }
  const { group, resource, subresource, name, namespace, verb } = info;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const scope =
    namespace === "" || resource === "namespaces"
      ? " at the cluster scope"
      : ` in the namespace "${namespace}"`;
  const named = name === "" ? "" : ` "${name}"`;
  return failure(
    403,
    "Forbidden",
    `${qualified}${named} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}"${scope}`,
    { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource },
  );
}
