import { createHash } from "node:crypto";
import type { Resource } from "../../kube/kinds/resource.ts";
import type { GoTypes } from "../../kube/kinds/types/notation.ts";
import { groupDocument, groupPaths, wholeDocument } from "../../kube/openapi.ts";
import { acceptClauses } from "../../kube/request/accept.ts";
import { failure } from "../../kube/status-error.ts";
import { jsonResponse, type ApiRequest, type ApiResponse } from "./http/request.ts";
import type { Registry } from "./registry.ts";

/** The schemas of what is served, for `kubectl explain` and for clients that validate before they send. */
export interface OpenApi {
  /** Answers `/openapi/v2` and `/openapi/v3…`; undefined for other paths. */
  answer(request: ApiRequest, rest: readonly string[]): ApiResponse | undefined;
}

interface Documents {
  generation: number;
  /** By `api/v1`, `apis/batch/v1`. */
  groups: Map<string, string>;
  whole?: string;
}

/** OpenAPI of what the registry serves; documents are made when they are asked for and kept until it changes. */
export function createOpenApi(registry: Registry, types: GoTypes): OpenApi {
  let documents: Documents = { generation: 0, groups: new Map() };
  const current = (): Documents => {
    if (documents.generation !== registry.generation()) {
      documents = { generation: registry.generation(), groups: new Map() };
    }
    return documents;
  };
  const documentOf = (path: string, resources: readonly Resource[]): string => {
    const { groups } = current();
    let text = groups.get(path);
    if (text === undefined) groups.set(path, (text = JSON.stringify(groupDocument(types, resources))));
    return text;
  };
  const index = (): ApiResponse => {
    const paths = groupPaths(registry.groups()).map(([path, resources]): [string, unknown] => {
      const hash = createHash("sha256").update(documentOf(path, resources)).digest("hex");
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
    });
    return jsonResponse(200, JSON.stringify({ paths: Object.fromEntries(paths) }));
  };
  return {
    answer(request, rest) {
      const [version, ...path] = rest;
      if (version === "v2" && path.length === 0) {
        requireJson(request);
        return jsonResponse(
          200,
          (current().whole ??= JSON.stringify(wholeDocument(registry.groups(), types))),
        );
      }
      if (version !== "v3") return undefined;
      requireJson(request);
      if (path.length === 0) return index();
      const found = groupPaths(registry.groups()).find(([name]) => name === path.join("/"));
      return found === undefined ? undefined : jsonResponse(200, documentOf(...found));
    },
  };
}

/** OpenAPI as protobuf is not spoken here. */
function requireJson(request: ApiRequest): void {
  const isAccepted = acceptClauses(request.headers["accept"]).some(
    ({ media }) => media === "*/*" || media.startsWith("application/json") || media === "application/*",
  );
  if (!isAccepted) {
    throw failure(406, "NotAcceptable", "only the following media types are accepted: application/json", {});
  }
}
