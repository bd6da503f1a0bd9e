import { answerReview } from "./access/access-review.ts";
import { accessOf, accessRefusal } from "./access/access-request.ts";
import { answerDiscovery } from "./answers/discovery-paths.ts";
import type { MutableObject } from "./answers/json-object.ts";
import { renderObject, renderPage } from "./kinds/render.ts";
import { negotiate, PLAIN_JSON, type Negotiated } from "./request/accept.ts";
import { readBody, readDocument } from "./request/body.ts";
import { parseDeleteOptions } from "./request/delete-options.ts";
import { isWriteVerb, parseWriteOptions } from "./request/options.ts";
import type { WriteVerb } from "./request/options.ts";
import { parseRequestInfo, type RequestInfo } from "./request/request-info.ts";
import {
  faultResponse,
  formResponse,
  jsonResponse,
  pageNotFound,
  statusResponse,
  warningHeader,
  writtenResponse,
  type Response,
} from "./request/response.ts";
import { targetOf, type Target } from "./request/target.ts";
import { badRequest, methodNotAllowed, StatusError, unknownResource } from "./answers/status-error.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";
import { answerSubresource } from "./subresources.ts";
import { createObject } from "./verbs/create.ts";
import { deleteObject } from "./verbs/delete.ts";
import { getObject, listObjects } from "./verbs/list.ts";
import { patchObject } from "./verbs/patch.ts";
import { updateObject } from "./verbs/update.ts";
import { watchObjects } from "./verbs/watch.ts";

const STATUS_VERBS: ReadonlySet<string> = new Set(["get", "update", "patch"]);

/** Answers one request; never rejects. */
export type Handler = (request: ApiRequest) => Promise<ApiResponse>;

/** The whole API over this context. `onBug` is notified of what is no client's fault. */
export function createHandler(context: ApiContext, onBug: (error: unknown) => void): Handler {
  return async (request) => {
    const warnings: string[] = [];
    const response = await answer(context, request, warnings).catch((error: unknown) => {
      if (error instanceof StatusError) return statusResponse(error);
      onBug(error);
      return faultResponse(error);
    });
    if (warnings.length > 0) response.headers["warning"] = warningHeader(warnings);
    return response;
  };
}

async function answer(context: ApiContext, request: ApiRequest, warnings: string[]): Promise<ApiResponse> {
  const info = parseRequestInfo(request.method, request.path, request.query);
  if (info === undefined) throw badRequest("the path of the request is not valid");
  if (!context.authorizer.isAllowed(request.user, accessOf(info))) throw accessRefusal(request.user, info);
  if (info.isResource) return answerResource(context, request, info, warnings);
  const isRead = info.verb === "get";
  if (isRead && request.path.startsWith("/openapi/")) return context.openApi(request);
  const found = answerDiscovery(context.registry.groups(), request);
  if (!isRead && found.status === 200 && !isHealthPath(request.path)) throw methodNotAllowed();
  return found;
}

/** Whether health is asked there, which every method may. */
function isHealthPath(path: string): boolean {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(path);
}

async function answerResource(
  context: ApiContext,
  request: ApiRequest,
  info: RequestInfo,
  warnings: string[],
): Promise<ApiResponse> {
  const { registry } = context;
  const versions = registry.groups().get(info.group);
  if (versions === undefined) return pageNotFound();
  if (!versions.has(info.version)) throw unknownResource();
  const resource = registry.find(info.group, info.version, info.resource);
  if (resource === undefined) throw unknownResource();
  const target = targetOf(resource, info, request.user, warnings);
  if (resource.review !== undefined) {
    if (info.verb !== "create") throw methodNotAllowed();
    const review = answerReview(context, target, readDocument(request, resource.kind));
    return jsonResponse(201, JSON.stringify(review));
  }
  if (info.subresource === "status" && resource.hasStatus && !STATUS_VERBS.has(info.verb)) {
    throw methodNotAllowed();
  }
  if (info.subresource !== "" && !(info.subresource === "status" && resource.hasStatus)) {
    return answerSubresource(context, target, request, info.verb);
  }
  return answerVerb(context, target, request, info.verb);
}

async function answerVerb(
  context: ApiContext,
  target: Target,
  request: ApiRequest,
  verb: string,
): Promise<ApiResponse> {
  const { resource } = target;
  const form = negotiate(request.headers["accept"], verb);
  const includeObject = request.query.get("includeObject") ?? "Metadata";
  const rendering = { form, includeObject, now: context.now(), withColumns: true };
  switch (verb) {
    case "watch":
      return watchObjects(context, target, request, form);
    case "list": {
      const page = await listObjects(context, target, request.query);
      return formResponse(200, renderPage(resource, page, rendering), form);
    }
    case "get": {
      const stored = await getObject(context, target, request.query);
      return formResponse(200, renderObject(resource, stored, rendering), form);
    }
    case "delete":
      return formResponse(200, await deleteObject(context, target, parseDeleteOptions(request)), form);
    case "deletecollection":
      return formResponse(200, await deleteCollection(context, target, request), form);
    default:
      // Only a create is of a collection.
      if (!isWriteVerb(verb) || (verb === "create") !== (target.name === "")) throw methodNotAllowed();
      return answerWrite(context, target, request, verb, form);
  }
}

async function answerWrite(
  context: ApiContext,
  target: Target,
  request: ApiRequest,
  verb: WriteVerb,
  form: Negotiated,
): Promise<Response> {
  const options = parseWriteOptions(request, verb);
  const to = { ...target, options };
  if (verb === "patch") {
    const { status, json } = await patchObject(context, to, request);
    return writtenResponse(status, json, form);
  }
  const body = readBody(target.resource, request, options, target.warnings);
  if (verb === "create") return writtenResponse(201, await createObject(context, to, body), form);
  const json = JSON.stringify(body);
  const change = () => ({ object: JSON.parse(json) as MutableObject });
  return writtenResponse(200, await updateObject(context, to, change, false), form);
}

async function deleteCollection(context: ApiContext, target: Target, request: ApiRequest): Promise<string> {
  const { resource, namespace } = target;
  if (!resource.verbs.includes("deletecollection")) throw methodNotAllowed();
  if (resource.namespaced && namespace === "") throw methodNotAllowed();
  const options = parseDeleteOptions(request);
  const page = await listObjects(context, target, request.query);
  await Promise.all(
    page.objects.map(({ name }) =>
      deleteObject(context, { ...target, name }, options).catch((error: unknown) => {
        // Someone else was faster.
        if (!(error instanceof StatusError && error.code === 404)) throw error;
      }),
    ),
  );
  return renderPage(resource, page, {
    form: PLAIN_JSON,
    includeObject: "",
    now: context.now(),
    withColumns: false,
  });
}
