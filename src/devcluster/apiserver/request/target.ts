import type { User } from "../access/user.ts";
import type { Resource } from "../kinds/resource.ts";
import { methodNotAllowed, unknownResource } from "../answers/status-error.ts";
import type { WriteOptions } from "./options.ts";
import type { RequestInfo } from "./request-info.ts";

/** What a request is about, who makes it, and what it is to be warned of. */
export interface Target {
  readonly resource: Resource;
  /** `""` for what is in no namespace. */
  readonly namespace: string;
  /** `""` for a collection. */
  readonly name: string;
  readonly subresource: string;
  readonly user: User;
  readonly warnings: string[];
}

/** What a path is about; throws 404 or 405 if it names a namespace for what has none, or the other way round. */
export function targetOf(resource: Resource, info: RequestInfo, user: User, warnings: string[]): Target {
  const { namespace, name, subresource, verb } = info;
  if (resource.namespaced) {
    if (namespace === "" && name !== "") throw unknownResource();
    if (namespace === "" && verb === "create") throw methodNotAllowed();
  } else if (namespace !== "" && info.resource !== "namespaces") throw unknownResource();
  return {
    resource,
    namespace: resource.namespaced ? namespace : "",
    name,
    subresource,
    user,
    warnings,
  };
}

/** Where a write goes, and how it is to be done. */
export interface WriteTarget extends Target {
  readonly options: WriteOptions;
}
