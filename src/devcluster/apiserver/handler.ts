import { stringify as stringifyYaml } from "yaml";
import { accessOf, accessRefusal } from "../../kube/access/access-request.ts";
import { renderObject, renderPage } from "../../kube/kinds/render.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { metadataOnly } from "../../kube/kinds/served-object.ts";
import { negotiate, type Negotiated } from "../../kube/request/accept.ts";
import { readBody } from "../../kube/request/body.ts";
import { parseDeleteOptions, parseWriteOptions } from "../../kube/request/options.ts";
import { isApply } from "../../kube/request/patch-body.ts";
import { parseRequestInfo, type RequestInfo } from "../../kube/request/request-info.ts";
import type { UpdateTarget, WriteTarget } from "../../kube/request/write-target.ts";
import {
  badRequest,
  failure,
  methodNotAllowed,
  StatusError,
  unknownResource,
} from "../../kube/status-error.ts";
import type { ApiContext } from "./context.ts";
import { answerDiscovery } from "./discovery.ts";
import { jsonResponse, pageNotFound, type ApiRequest, type ApiResponse } from "./http/request.ts";
import { answerReview } from "./reviews.ts";
import { answerSubresource } from "./subresources.ts";
import { createObject } from "./verbs/create.ts";
import { deleteObject } from "./verbs/delete.ts";
import { getObject, listObjects } from "./verbs/list.ts";
import { patchObject } from "./verbs/patch.ts";
import { updateObject } from "./verbs/update.ts";
import { watchObjects } from "./verbs/watch.ts";

/** Answers one request; never rejects. */
export type Handler = (request: ApiRequest) => Promise<ApiResponse>;

/** The whole API over this context. `onBug` is told of what is no client's fault. */
export function createHandler(context: ApiContext, onBug: (error: unknown) => void): Handler {
  return async (request) => {
    const warnings: string[] = [];
    try {
      const info = parseRequestInfo(request.method, request.path, request.query);
      if (info === undefined) throw badRequest("the path of the request is not valid");
      if (!context.authorizer.isAllowed(request.user, accessOf(info)))
        throw accessRefusal(request.user, info);
      const response = info.isResource
        ? await answerResource(context, request, info, warnings)
        : answerDiscovery(context, request);
      return withWarnings(response, warnings);
    } catch (error) {
      if (error instanceof StatusError) return withWarnings(statusResponse(error), warnings);
      onBug(error);
      const why = error instanceof Error ? error.message : String(error);
      return statusResponse(failure(500, "InternalError", `Internal error occurred: ${why}`));
    }
  };
}

/** A refusal as an answer. */
export function statusResponse(error: StatusError): ApiResponse {
  const headers: Record<string, string> = { "content-type": "application/json" };
  const retry = error.status.details?.retryAfterSeconds;
  if (retry !== undefined) headers["retry-after"] = String(retry);
  return { status: error.code, headers, body: JSON.stringify(error.status) };
}

function withWarnings(response: ApiResponse, warnings: readonly string[]): ApiResponse {
  if (warnings.length > 0) {
    const unique = [...new Set(warnings)];
    response.headers["warning"] = unique
      .map((text) => `299 - "${text.replace(/[\\"]/g, "\\$&").replace(/[^\x20-\x7e]/g, "?")}"`)
      .join(", ");
  }
  return response;
}

async function answerResource(
  context: ApiContext,
  request: ApiRequest,
  info: RequestInfo,
  warnings: string[],
): Promise<ApiResponse> {
  const { registry } = context;
  if (!registry.hasVersion(info.group, info.version)) return pageNotFound();
  const resource = registry.find(info.group, info.version, info.resource);
  if (resource === undefined) throw unknownResource();
  checkScope(resource, info);
  if (resource.review !== undefined) {
    if (info.verb !== "create") throw methodNotAllowed();
    return jsonResponse(201, answerReview(context, resource, request, info));
  }
  if (info.subresource !== "" && !(info.subresource === "status" && resource.hasStatus)) {
    return answerSubresource(context, resource, request, info, warnings);
  }
  return answerVerb(context, resource, request, info, warnings);
}

function checkScope(resource: Resource, info: RequestInfo): void {
  if (resource.namespaced) {
    if (info.namespace === "" && info.name !== "") throw unknownResource();
    if (info.namespace === "" && info.verb === "create") throw methodNotAllowed();
  } else if (info.namespace !== "" && info.resource !== "namespaces") throw unknownResource();
}

async function answerVerb(
  context: ApiContext,
  resource: Resource,
  request: ApiRequest,
  info: RequestInfo,
  warnings: string[],
): Promise<ApiResponse> {
  const namespace = resource.namespaced ? info.namespace : "";
  const form = negotiate(request.headers["accept"]);
  const includeObject = request.query.get("includeObject") ?? "Metadata";
  const rendering = { form, includeObject, now: context.now(), withColumns: true };
  switch (info.verb) {
    case "watch":
      return watchObjects(context, resource, namespace, request, form);
    case "list": {
      const page = await listObjects(context, resource, namespace, request.query);
      return formResponse(200, renderPage(resource, page, rendering), form);
    }
    case "get": {
      const stored = await getObject(context, resource, namespace, info.name, request.query);
      return formResponse(200, renderObject(resource, stored, rendering), form);
    }
    case "delete": {
      const target = { resource, namespace, name: info.name, user: request.user, warnings };
      return formResponse(200, await deleteObject(context, target, parseDeleteOptions(request)), form);
    }
    case "deletecollection":
      return formResponse(200, await deleteCollection(context, resource, namespace, request, warnings), form);
    default:
      return answerWrite(context, resource, request, info, { namespace, form, warnings });
  }
}

async function answerWrite(
  context: ApiContext,
  resource: Resource,
  request: ApiRequest,
  info: RequestInfo,
  at: { namespace: string; form: Negotiated; warnings: string[] },
): Promise<ApiResponse> {
  const { namespace, form, warnings } = at;
  const target = (kind: "CreateOptions" | "UpdateOptions" | "PatchOptions", apply = false): WriteTarget => ({
    resource,
    namespace,
    user: request.user,
    options: parseWriteOptions(request, kind, apply),
    warnings,
  });
  const named = (base: WriteTarget): UpdateTarget => ({
    ...base,
    name: info.name,
    subresource: info.subresource,
  });
  if (info.verb === "create" && info.name === "") {
    const to = target("CreateOptions");
    const body = readBody(resource, request, to.options, warnings);
    return writtenResponse(201, await createObject(context, to, body), form);
  }
  if (info.verb === "update" && info.name !== "") {
    const to = named(target("UpdateOptions"));
    const body = JSON.stringify(readBody(resource, request, to.options, warnings));
    const change = () => ({ object: JSON.parse(body) as Record<string, unknown> });
    return writtenResponse(200, await updateObject(context, to, change, false), form);
  }
  if (info.verb === "patch" && info.name !== "") {
    const to = named(target("PatchOptions", isApply(request)));
    const { status, json } = await patchObject(context, to, request);
    return writtenResponse(status, json, form);
  }
  throw methodNotAllowed();
}

async function deleteCollection(
  context: ApiContext,
  resource: Resource,
  namespace: string,
  request: ApiRequest,
  warnings: string[],
): Promise<string> {
  if (!resource.verbs.includes("deletecollection")) throw methodNotAllowed();
  if (resource.namespaced && namespace === "") throw methodNotAllowed();
  const options = parseDeleteOptions(request);
  const page = await listObjects(context, resource, namespace, request.query);
  await Promise.all(
    page.objects.map(async ({ name }) => {
      try {
        await deleteObject(context, { resource, namespace, name, user: request.user, warnings }, options);
      } catch (error) {
        // Someone else was faster.
        if (!(error instanceof StatusError && error.code === 404)) throw error;
      }
    }),
  );
  const form = { form: "object", version: "", yaml: false } as const;
  return renderPage(resource, page, { form, includeObject: "", now: context.now(), withColumns: false });
}

/** The answer to a write; a client that asked for a Table gets the object, which it reads as well. */
function writtenResponse(status: number, json: string, form: Negotiated): ApiResponse {
  if (form.form !== "metadata") return formResponse(status, json, form);
  const object = JSON.parse(json) as Record<string, unknown>;
  return formResponse(status, JSON.stringify(metadataOnly(object, form.version)), form);
}

function formResponse(status: number, json: string, form: Negotiated): ApiResponse {
  if (!form.yaml) return jsonResponse(status, json);
  return { status, headers: { "content-type": "application/yaml" }, body: stringifyYaml(JSON.parse(json)) };
}
