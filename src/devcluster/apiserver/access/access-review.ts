import { isJsonObject, partOf, textOf, type JsonObject } from "../answers/json-object.ts";
import type { Target } from "../request/target.ts";
import { apiVersionOf } from "../../../kube/resources.ts";
import { badRequest } from "../answers/status-error.ts";
import type { AccessRequest, Authorizer } from "./rules.ts";
import { ISSUER, type TokenVerifier } from "./service-account-tokens.ts";
import { subjectOf, userInfo, type User } from "./user.ts";

/** What reviews are answered from. */
export interface Reviewer {
  readonly authorizer: Authorizer;
  readonly tokens: TokenVerifier;
}

/** A review with its status; throws 400 where the document is another kind or asks nothing. */
export function answerReview(reviewer: Reviewer, target: Target, document: JsonObject): JsonObject {
  const { resource } = target;
  if (document["kind"] !== undefined && document["kind"] !== resource.kind) {
    throw badRequest(`expected a ${resource.kind}, got ${JSON.stringify(document["kind"])}`);
  }
  const spec = partOf(document, "spec");
  return {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: partOf(document, "metadata"),
    ...(resource.kind === "SelfSubjectReview" ? {} : { spec }),
    status: statusOf(reviewer, target, spec),
  };
}

function statusOf(reviewer: Reviewer, target: Target, spec: JsonObject): JsonObject {
  const { authorizer } = reviewer;
  const { user, namespace } = target;
  switch (target.resource.kind) {
    case "TokenReview":
      return reviewToken(reviewer, spec);
    case "SelfSubjectReview":
      return { userInfo: userInfo(user) };
    case "SelfSubjectRulesReview":
      return reviewRules(authorizer, user, textOf(spec, "namespace"));
    case "SelfSubjectAccessReview":
      return reviewAccess(authorizer, user, spec, undefined);
    case "LocalSubjectAccessReview":
      return reviewAccess(authorizer, subjectOf(spec), spec, namespace);
    default:
      return reviewAccess(authorizer, subjectOf(spec), spec, undefined);
  }
}

function reviewToken(reviewer: Reviewer, spec: JsonObject): JsonObject {
  const verified = reviewer.tokens.verify(textOf(spec, "token"));
  const wanted = Array.isArray(spec["audiences"]) ? spec["audiences"].map(String) : [ISSUER];
  const audiences = verified?.audiences.filter((audience) => wanted.includes(audience)) ?? [];
  if (verified === undefined || audiences.length === 0) {
    return { user: {}, error: "[invalid bearer token, unknown]" };
  }
  return { authenticated: true, user: userInfo(verified.user), audiences };
}

/** The status of an access review; throws 400 where it asks nothing. */
function reviewAccess(
  authorizer: Authorizer,
  user: User,
  spec: JsonObject,
  namespace: string | undefined,
): JsonObject {
  const path = spec["nonResourceAttributes"];
  const attributes = partOf(spec, "resourceAttributes");
  if (!isJsonObject(path) && !isJsonObject(spec["resourceAttributes"])) {
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  const access: AccessRequest = isJsonObject(path)
    ? { verb: textOf(path, "verb"), path: textOf(path, "path") }
    : {
        verb: textOf(attributes, "verb"),
        group: textOf(attributes, "group"),
        resource: textOf(attributes, "resource"),
        subresource: textOf(attributes, "subresource"),
        namespace: namespace ?? textOf(attributes, "namespace"),
        name: textOf(attributes, "name"),
      };
  return { allowed: authorizer.isAllowed(user, access) };
}

/** The status of a SelfSubjectRulesReview. */
function reviewRules(authorizer: Authorizer, user: User, namespace: string): JsonObject {
  const resourceRules: JsonObject[] = [];
  const nonResourceRules: JsonObject[] = [];
  const rules = authorizer.rulesFor(user, namespace);
  if (user.groups.includes("system:masters")) {
    resourceRules.push({ verbs: ["*"], apiGroups: ["*"], resources: ["*"] });
    nonResourceRules.push({ verbs: ["*"], nonResourceURLs: ["*"] });
  }
  for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    if (nonResourceURLs.length > 0) nonResourceRules.push({ verbs, nonResourceURLs });
    else {
      const named = resourceNames.length > 0 ? { resourceNames } : {};
      resourceRules.push({ verbs, apiGroups, resources, ...named });
    }
  }
  return { resourceRules, nonResourceRules, incomplete: false };
}
