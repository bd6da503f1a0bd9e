import type { RequestInfo } from "../request/request-info.ts";
import { StatusError, failure } from "../answers/status-error.ts";
import type { AccessRequest } from "./rules.ts";
import type { User } from "./user.ts";

/** What a request needs to be allowed. */
export function accessOf(info: RequestInfo): AccessRequest {
  const { verb, group, resource, subresource, namespace, path } = info;
  const name = info.name || info.selectedName;
  return info.isResource ? { verb, group, resource, subresource, namespace, name } : { verb, path };
}

/** The 403 in the server's words. */
export function accessRefusal(user: User, info: RequestInfo): StatusError {
  if (!info.isResource) {
    return failure(
      403,
      "Forbidden",
      `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`,
      {},
    );
  }
  const { group, resource, subresource, namespace, verb } = info;
  const name = info.name || info.selectedName;
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
