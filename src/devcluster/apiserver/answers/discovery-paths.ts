import {
  aggregated,
  apiGroup,
  coreVersions,
  resourceList,
  type DiscoveryDocument,
  type ServedGroups,
} from "./discovery.ts";
import type { RequestText } from "../request/request-info.ts";
import { jsonResponse, pageNotFound, textResponse, type Response } from "../request/response.ts";
import { versionInfo } from "../../version.ts";

const PATHS = [
  "/api",
  "/api/v1",
  "/apis",
  "/healthz",
  "/livez",
  "/openapi/v2",
  "/openapi/v3",
  "/readyz",
  "/version",
];

/** Answers a GET of what is no resource: health, version, discovery. */
export function answerDiscovery(
  groups: ServedGroups,
  request: Pick<RequestText, "query" | "headers"> & { readonly path: string },
): Response {
  const { accept, host = "127.0.0.1" } = request.headers;
  const [root = "", ...rest] = request.path
    .replace(/(.)\/+$/, "$1")
    .slice(1)
    .split("/");
  switch (root) {
    case "version":
      return answered(rest.length === 0 && { body: versionInfo });
    case "healthz":
    case "livez":
    case "readyz":
      return answerHealth(root, rest, request.query);
    case "api":
      if (rest.length > 0) return answered({ body: resourceList(groups, "", rest) });
      return answered(aggregated(groups, accept, true) ?? { body: coreVersions(host) });
    case "apis":
      return answered(groupDiscovery(groups, accept, rest));
    default:
      return answered(root === "" && { body: { paths: PATHS } });
  }
}

function answered(document: DiscoveryDocument | false): Response {
  if (document === false || !document.body) return pageNotFound();
  return jsonResponse(200, JSON.stringify(document.body), document.contentType);
}

/** The server is up when it answers: every check that there is, holds. */
function answerHealth(root: string, rest: readonly string[], query: URLSearchParams): Response {
  const checks = ["ping", "storage"];
  if (rest.length > 0) return checks.includes(rest.join("/")) ? textResponse(200, "ok") : pageNotFound();
  if (!query.has("verbose")) return textResponse(200, "ok");
  return textResponse(200, `${checks.map((check) => `[+]${check} ok\n`).join("")}${root} check passed\n`);
}

/** `/apis` and what is below it. */
function groupDiscovery(
  groups: ServedGroups,
  accept: string | undefined,
  [group = "", ...version]: readonly string[],
): DiscoveryDocument {
  if (group !== "") {
    if (version.length > 0) return { body: resourceList(groups, group, version) };
    return { body: groups.has(group) && { kind: "APIGroup", apiVersion: "v1", ...apiGroup(groups, group) } };
  }
  const listed = [...groups.keys()].filter((name) => name !== "").map((name) => apiGroup(groups, name));
  return (
    aggregated(groups, accept, false) ?? {
      body: { kind: "APIGroupList", apiVersion: "v1", groups: listed },
    }
  );
}
