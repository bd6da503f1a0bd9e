import { type MutableObject } from "../answers/json-object.ts";
import { isObject, objectAt, textAt } from "../../../kube/json.ts";
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

/** A review with its status; throws 400 if the document is another kind or asks nothing. */
export function answerReview(reviewer: Reviewer, target: Target, document: MutableObject): MutableObject {
  const { resource } = target;
  if (document["kind"] !== undefined && document["kind"] !== resource.kind) {
    throw badRequest(`expected a ${resource.kind}, got ${JSON.stringify(document["kind"])}`);
  }
  const spec = objectAt(document, "spec");
  return {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: objectAt(document, "metadata"),
    ...(resource.kind === "SelfSubjectReview" ? {} : { spec }),
    status: statusOf(reviewer, target, spec),
  };
}

function statusOf(reviewer: Reviewer, target: Target, spec: MutableObject): MutableObject {
  const { authorizer } = reviewer;
  const { user, namespace } = target;
  switch (target.resource.kind) {
    case "TokenReview":
      return reviewToken(reviewer, spec);
    case "SelfSubjectReview":
      return { userInfo: userInfo(user) };
    case "SelfSubjectRulesReview":
      return reviewRules(authorizer, user, textAt(spec, "namespace"));
    case "SelfSubjectAccessReview":
      return reviewAccess(authorizer, user, spec, undefined);
    case "LocalSubjectAccessReview":
      return reviewAccess(authorizer, subjectOf(spec), spec, namespace);
    default:
      return reviewAccess(authorizer, subjectOf(spec), spec, undefined);
  }
}

function reviewToken(reviewer: Reviewer, spec: MutableObject): MutableObject {
  const verified = reviewer.tokens.verify(textAt(spec, "token"));
  const wanted = Array.isArray(spec["audiences"]) ? spec["audiences"].map(String) : [ISSUER];
  const audiences = verified?.audiences.filter((audience) => wanted.includes(audience)) ?? [];
  if (verified === undefined || audiences.length === 0) {
    return { user: {}, error: "[invalid bearer token, unknown]" };
  }
  return { authenticated: true, user: userInfo(verified.user), audiences };
}

/** The status of an access review; throws 400 if it asks nothing. */
function reviewAccess(
  authorizer: Authorizer,
  user: User,
  spec: MutableObject,
  namespace: string | undefined,
): MutableObject {
  const path = spec["nonResourceAttributes"];
  const attributes = objectAt(spec, "resourceAttributes");
  if (!isObject(path) && !isObject(spec["resourceAttributes"])) {
    throw badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  const access: AccessRequest = isObject(path)
    ? { verb: textAt(path, "verb"), path: textAt(path, "path") }
    : {
        verb: textAt(attributes, "verb"),
        group: textAt(attributes, "group"),
        resource: textAt(attributes, "resource"),
        subresource: textAt(attributes, "subresource"),
        namespace: namespace ?? textAt(attributes, "namespace"),
        name: textAt(attributes, "name"),
      };
  return { allowed: authorizer.isAllowed(user, access) };
}

/** The status of a SelfSubjectRulesReview. */
function reviewRules(authorizer: Authorizer, user: User, namespace: string): MutableObject {
  const resourceRules: MutableObject[] = [];
  const nonResourceRules: MutableObject[] = [];
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
