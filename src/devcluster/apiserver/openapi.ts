import { createHash } from "node:crypto";
import type { ServedGroups } from "./answers/discovery.ts";
import type { GoTypes } from "./kinds/types/notation.ts";
import { groupDocument, groupPaths, wholeDocument } from "./answers/openapi.ts";
import { requireJsonAccepted } from "./request/accept.ts";
import { jsonResponse, pageNotFound, type Response } from "./request/response.ts";
import type { ApiRequest } from "./http/request.ts";
import type { Registry } from "./registry.ts";

/** Answers `/openapi/v2` and `/openapi/v3…`, for `kubectl explain` and clients that validate before they send. */
export type OpenApi = (request: ApiRequest) => Response;

/** OpenAPI of what the registry serves; documents are made when they are asked for and kept until it changes. */
export function createOpenApi(registry: Registry, types: GoTypes): OpenApi {
  let described: ServedGroups | undefined;
  let documents = new Map<string, string>();
  const documentAt = (path: string, describe: () => unknown): string => {
    let text = documents.get(path);
    if (text === undefined) documents.set(path, (text = JSON.stringify(describe())));
    return text;
  };
  return (request) => {
    requireJsonAccepted(request.headers["accept"]);
    const path = request.path.replace(/\/+$/, "");
    const groups = registry.groups();
    if (groups !== described) documents = new Map();
    described = groups;
    if (path === "/openapi/v2") {
      return jsonResponse(
        200,
        documentAt(path, () => wholeDocument(groups, types)),
      );
    }
    const texts = groupPaths(groups).map(([name, resources]): [string, () => string] => {
      const at = `/openapi/v3/${name}`;
      return [at, () => documentAt(at, () => groupDocument(types, resources))];
    });
    if (path !== "/openapi/v3") {
      const text = texts.find(([at]) => at === path)?.[1];
      return text === undefined ? pageNotFound() : jsonResponse(200, text());
    }
    const paths = texts.map(([at, text]) => {
      const hash = createHash("sha256").update(text()).digest("hex");
      return [at.slice("/openapi/v3/".length), { serverRelativeURL: `${at}?hash=${hash}` }];
    });
    return jsonResponse(200, JSON.stringify({ paths: Object.fromEntries(paths) }));
  };
}
