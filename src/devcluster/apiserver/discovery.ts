import { aggregated, apiGroup, coreVersions, resourceList } from "../../kube/discovery.ts";
import { versionInfo } from "../../kube/version.ts";
import type { ApiContext } from "./context.ts";
import {
  jsonResponse,
  pageNotFound,
  textResponse,
  type ApiRequest,
  type ApiResponse,
} from "./http/request.ts";

/** Answers what is no resource: health, version, discovery, OpenAPI. */
export function answerDiscovery(context: ApiContext, request: ApiRequest): ApiResponse {
  if (request.method !== "GET" && request.method !== "HEAD")
    return textResponse(405, "405 method not allowed\n");
  const path = request.path.replace(/(.)\/+$/, "$1");
  const [, root = "", ...rest] = path.split("/");
  switch (root) {
    case "version":
      return rest.length === 0 ? json(versionInfo) : pageNotFound();
    case "healthz":
    case "livez":
    case "readyz":
      return health(root, rest, request);
    case "openapi":
      return context.openApi.answer(request, rest) ?? pageNotFound();
    case "api":
      if (rest.length === 0)
        return inOne(context, request, true) ?? json(coreVersions(request.headers["host"] ?? "127.0.0.1"));
      return resources(context, "", rest);
    case "apis":
      return answerGroups(context, request, rest);
    case "":
      return json({
        paths: [
          "/api",
          "/api/v1",
          "/apis",
          "/healthz",
          "/livez",
          "/openapi/v2",
          "/openapi/v3",
          "/readyz",
          "/version",
        ],
      });
    default:
      return pageNotFound();
  }
}

/** The server is up when it answers: every check that there is, holds. */
function health(root: string, rest: readonly string[], request: ApiRequest): ApiResponse {
  const checks = ["ping", "storage"];
  if (rest.length > 0) return checks.includes(rest.join("/")) ? textResponse(200, "ok") : pageNotFound();
  if (!request.query.has("verbose")) return textResponse(200, "ok");
  return textResponse(200, `${checks.map((check) => `[+]${check} ok\n`).join("")}${root} check passed\n`);
}

function answerGroups(context: ApiContext, request: ApiRequest, rest: readonly string[]): ApiResponse {
  const [group = "", ...version] = rest;
  if (group === "") {
    const groups = [...context.registry.groups().keys()].filter((name) => name !== "");
    return (
      inOne(context, request, false) ??
      json({
        kind: "APIGroupList",
        apiVersion: "v1",
        groups: groups.map((name) => apiGroup(context.registry.groups(), name)),
      })
    );
  }
  if (!context.registry.hasGroup(group)) return pageNotFound();
  if (version.length === 0)
    return json({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(context.registry.groups(), group) });
  return resources(context, group, version);
}

function resources(context: ApiContext, group: string, rest: readonly string[]): ApiResponse {
  const list = resourceList(context.registry.groups(), group, rest);
  return list === undefined ? pageNotFound() : json(list);
}

/** The whole of `/api` or `/apis` in one document, for clients that ask for it. */
function inOne(context: ApiContext, request: ApiRequest, core: boolean): ApiResponse | undefined {
  const found = aggregated(context.registry.groups(), request.headers["accept"], core);
  return found && json(found.body, found.contentType);
}

function json(value: unknown, contentType?: string): ApiResponse {
  return jsonResponse(200, JSON.stringify(value), contentType);
}
