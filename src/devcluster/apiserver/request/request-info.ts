import { parseFieldSelector } from "../../../kube/selectors.ts";

/** What a request says beside its path: its query, its headers (names in lower case) and its body. */
export interface RequestText {
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What a path and a method ask for, as the server's authorization sees it. */
export interface RequestInfo {
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  /** The only name that a request on a collection selects; else empty. Roles may be limited to it. */
  readonly selectedName: string;
  readonly subresource: string;
  readonly path: string;
}

const METHOD_VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Reads the path of a request; undefined if it is not decodable. */
export function parseRequestInfo(
  method: string,
  path: string,
  query: URLSearchParams,
): RequestInfo | undefined {
  const segments = decodeSegments(path);
  if (segments === undefined) return undefined;
  const verb = METHOD_VERBS[method] ?? method.toLowerCase();
  const other: RequestInfo = {
    verb,
    isResource: false,
    group: "",
    version: "",
    namespace: "",
    resource: "",
    name: "",
    selectedName: "",
    subresource: "",
    path,
  };
  const core = segments[0] === "api";
  if (!core && segments[0] !== "apis") return other;
  const rest = segments.slice(core ? 2 : 3);
  const group = core ? "" : (segments[1] ?? "");
  const version = segments[core ? 1 : 2] ?? "";
  if (rest.length === 0 || version === "") return other;
  const placed = placeResource(rest);
  const collectionVerb = isTrue(query.get("watch")) ? "watch" : "list";
  const collection: Readonly<Record<string, string>> = { get: collectionVerb, delete: "deletecollection" };
  const effective = placed.name === "" ? (collection[verb] ?? verb) : verb;
  const selectedName = effective === verb ? "" : nameSelectedBy(query.get("fieldSelector") ?? "");
  return { ...other, ...placed, selectedName, verb: effective, isResource: true, group, version };
}

function nameSelectedBy(fieldSelector: string): string {
  const { value: requirements = [] } = parseFieldSelector(fieldSelector);
  const exact = requirements.find(({ field, operator }) => field === "metadata.name" && operator === "=");
  return exact?.value ?? "";
}

/** Query parameters that are booleans in Go: `true`, `1`, or present without a value. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== "false" && value !== "0";
}

function decodeSegments(path: string): string[] | undefined {
  try {
    const segments = path.split("/").map((segment) => decodeURIComponent(segment));
    return segments.filter((segment) => segment !== "");
  } catch {
    return undefined;
  }
}

function placeResource(
  rest: readonly string[],
): Pick<RequestInfo, "namespace" | "resource" | "name" | "subresource"> {
  const [first = "", second = "", third = ""] = rest;
  if (first === "namespaces" && rest.length > 2 && third !== "status" && third !== "finalize") {
    const [, , resource = "", name = "", ...subresource] = rest;
    return { namespace: second, resource, name, subresource: subresource.join("/") };
  }
  const [resource = "", name = "", ...subresource] = rest;
  // RBAC sees a namespace as an object inside itself.
  const namespace = resource === "namespaces" ? name : "";
  return { namespace, resource, name, subresource: subresource.join("/") };
}
