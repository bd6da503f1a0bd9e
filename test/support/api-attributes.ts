import { bodyOf, type HttpRequest } from "../../src/client/transport.ts";
import { isObject } from "../../src/kube/json.ts";

/** A rule of a role, as far as it names verbs on resources. */
export interface Rule {
  apiGroups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
}

/** What rules permit, one `VERB RESOURCE[/SUBRESOURCE][.GROUP]` each. */
export function permissionsOf(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => permission(verb, resource, group))),
    ),
  );
}

/** What an API server asks the authorizer about a request on a resource; nothing for other paths. */
export function permissionsFor(request: HttpRequest): string[] {
  const [path = "", query = ""] = request.path.split("?", 2);
  const match =
    /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+\/(?:namespaces\/[^/]+\/)?(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>.+))?)?$/.exec(
      path,
    )?.groups;
  if (match === undefined) return [];
  const { group = "", resource = "", name, sub } = match;
  const watching = ["1", "true"].includes(new URLSearchParams(query).get("watch") ?? "");
  const verb = verbOf(request.method, name !== undefined, watching);
  return [
    permission(verb, sub === undefined ? resource : `${resource}/${sub}`, group),
    ...finalizing(request),
  ];
}

/** Who makes an object that blocks its owner's deletion must be able to finalize the owner, where OwnerReferencesPermissionEnforcement is on. */
function finalizing(request: HttpRequest): string[] {
  const body = bodyOf(request);
  if (request.method !== "POST" || body === undefined) return [];
  const object: unknown = JSON.parse(body);
  const metadata = isObject(object) ? object["metadata"] : undefined;
  const owners = isObject(metadata) ? metadata["ownerReferences"] : undefined;
  return (Array.isArray(owners) ? owners : []).flatMap((owner: Record<string, unknown>) => {
    if (owner["blockOwnerDeletion"] !== true) return [];
    const [group = ""] = String(owner["apiVersion"]).split("/");
    return [permission("update", `${String(owner["kind"]).toLowerCase()}s/finalizers`, group)];
  });
}

function verbOf(method: HttpRequest["method"], named: boolean, watching: boolean): string {
  if (method === "GET") return named ? "get" : watching ? "watch" : "list";
  const verbs = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;
  return method === "DELETE" && !named ? "deletecollection" : verbs[method];
}

function permission(verb: string, resource: string, group: string): string {
  return `${verb} ${resource}${group === "" ? "" : `.${group}`}`;
}
