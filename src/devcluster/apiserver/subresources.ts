import { answeredTokenRequest, readTokenRequest } from "./access/service-account-tokens.ts";
import type { Subresource } from "./kinds/resource.ts";
import { findSubresource, markDisrupted } from "./kinds/subresources.ts";
import { readBody, readDocument } from "./request/body.ts";
import { parseEviction } from "./request/delete-options.ts";
import { parseWriteOptions } from "./request/options.ts";
import { createdResponse, jsonResponse, type Response } from "./request/response.ts";
import type { Target } from "./request/target.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest, ApiResponse } from "./http/request.ts";
import { openPodChannels } from "./pod-exec.ts";
import { openPodLog } from "./pod-log.ts";
import { deleteObject } from "./verbs/delete.ts";
import { findObject } from "./verbs/list.ts";
import { updateObject } from "./verbs/update.ts";

/** Answers a subresource other than `status`. */
export async function answerSubresource(
  context: ApiContext,
  target: Target,
  request: ApiRequest,
  verb: string,
): Promise<ApiResponse> {
  const subresource = findSubresource(target.resource, target.subresource, verb);
  if (subresource.change !== undefined) return changeObject(context, target, request, subresource);
  switch (subresource.name) {
    case "log":
      return openPodLog(context, target, request);
    case "exec":
    case "attach":
      return openPodChannels(context, target, request);
    case "token":
      return requestToken(context, target, request);
    default:
      return evictPod(context, target, request);
  }
}

/** Writes what the body makes of the object: `namespaces/NAME/finalize`, `pods/NAME/binding`. */
async function changeObject(
  context: ApiContext,
  target: Target,
  request: ApiRequest,
  { kind, verbs, change }: Subresource,
): Promise<Response> {
  const { resource, warnings } = target;
  const isCreated = verbs.includes("create");
  const options = parseWriteOptions(request, isCreated ? "create" : "update");
  const body =
    kind === resource.kind ? readBody(resource, request, options, warnings) : readDocument(request, kind);
  const json = await updateObject(
    context,
    { ...target, options },
    (current) => ({ object: change?.(current, body, context.now()) ?? current }),
    true,
  );
  return isCreated ? createdResponse() : jsonResponse(200, json);
}

/** `serviceaccounts/NAME/token`: a TokenRequest with the token in its status. */
async function requestToken(context: ApiContext, target: Target, request: ApiRequest): Promise<Response> {
  const { namespace, name } = target;
  const { uid } = findObject(context, target);
  const document = readDocument(request, "TokenRequest");
  const subject = readTokenRequest(document, { namespace, name, uid }, context.objects);
  const issued = context.tokens.issue(subject);
  await context.store.settled();
  return jsonResponse(201, JSON.stringify(answeredTokenRequest(document, subject, issued, context.now())));
}

/**
 * `pods/NAME/eviction`: a delete of which the pod's conditions say that it is an eviction. Disruption budgets
 * have no controller here, so they never hold it back.
 */
async function evictPod(context: ApiContext, target: Target, request: ApiRequest): Promise<Response> {
  findObject(context, target);
  const options = parseEviction(request, readDocument(request, "Eviction"));
  const written = { dryRun: options.dryRun, fieldManager: "kube-apiserver", force: false } as const;
  const to = {
    ...target,
    subresource: "status",
    options: { ...written, fieldValidation: "Ignore" as const },
  };
  await updateObject(context, to, (current) => ({ object: markDisrupted(current, context.now()) }), true);
  await deleteObject(context, { ...target, subresource: "" }, options);
  return createdResponse();
}
