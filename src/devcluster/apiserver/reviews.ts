import { reviewAccess, reviewRules } from "../../kube/access/access-review.ts";
import { ISSUER } from "../../kube/access/service-account-tokens.ts";
import { subjectOf, userInfo, type User } from "../../kube/access/user.ts";
import { isJsonObject, partOf, textOf, type JsonObject } from "../../kube/json-object.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import { readDocument } from "../../kube/request/body.ts";
import type { RequestInfo } from "../../kube/request/request-info.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import { badRequest } from "../../kube/status-error.ts";
import type { ApiContext } from "./context.ts";
import type { ApiRequest } from "./http/request.ts";

/** The review with its status, as JSON. */
export function answerReview(
  context: ApiContext,
  resource: Resource,
  request: ApiRequest,
  info: RequestInfo,
): string {
  const document = readDocument(request, resource.kind);
  if (document["kind"] !== undefined && document["kind"] !== resource.kind) {
    throw badRequest(`expected a ${resource.kind}, got ${JSON.stringify(document["kind"])}`);
  }
  const spec = partOf(document, "spec");
  return JSON.stringify({
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: isJsonObject(document["metadata"]) ? document["metadata"] : {},
    ...(resource.kind === "SelfSubjectReview" ? {} : { spec }),
    status: statusOf(context, resource.kind, spec, request.user, info),
  });
}

function statusOf(
  context: ApiContext,
  kind: string,
  spec: JsonObject,
  user: User,
  info: RequestInfo,
): JsonObject {
  switch (kind) {
    case "TokenReview":
      return reviewToken(context, spec);
    case "SelfSubjectReview":
      return { userInfo: userInfo(user) };
    case "SelfSubjectRulesReview":
      return reviewRules(context.authorizer, user, textOf(spec, "namespace"));
    case "SelfSubjectAccessReview":
      return reviewAccess(context.authorizer, user, spec, undefined);
    case "LocalSubjectAccessReview":
      return reviewAccess(context.authorizer, subjectOf(spec), spec, info.namespace);
    default:
      return reviewAccess(context.authorizer, subjectOf(spec), spec, undefined);
  }
}

function reviewToken(context: ApiContext, spec: JsonObject): JsonObject {
  const verified = context.tokens.verify(textOf(spec, "token"), context.now());
  const wanted = Array.isArray(spec["audiences"]) ? spec["audiences"].map(String) : [ISSUER];
  const audiences = verified?.audiences.filter((audience) => wanted.includes(audience)) ?? [];
  if (verified === undefined || audiences.length === 0) {
    return { user: {}, error: "[invalid bearer token, unknown]" };
  }
  return { authenticated: true, user: userInfo(verified.user), audiences };
}
