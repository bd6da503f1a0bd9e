import { untyped } from "../../kube/managed-fields/field-type.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import { ISSUER } from "./auth/tokens.ts";
import type { AccessRequest } from "../../kube/access/rules.ts";
import { isJsonObject, type JsonObject } from "../../kube/json-object.ts";
import type { ApiContext } from "./context.ts";
import { badRequest } from "../../kube/status-error.ts";
import type { ApiRequest } from "./http/request.ts";
import type { RequestInfo } from "../../kube/request/request-info.ts";
import { partOf, textOf } from "../../kube/json-object.ts";
import type { Resource } from "../../kube/kinds/resource.ts";
import type { User } from "../../kube/access/user.ts";
import { readDocument } from "../../kube/request/body.ts";

interface ReviewKind {
  group: string;
  kind: string;
  namespaced?: boolean;
}

const AUTHENTICATION = "authentication.k8s.io";
const AUTHORIZATION = "authorization.k8s.io";

const reviewKinds: readonly ReviewKind[] = [
  { group: AUTHENTICATION, kind: "TokenReview" },
  { group: AUTHENTICATION, kind: "SelfSubjectReview" },
  { group: AUTHORIZATION, kind: "SubjectAccessReview" },
  { group: AUTHORIZATION, kind: "SelfSubjectAccessReview" },
  { group: AUTHORIZATION, kind: "SelfSubjectRulesReview" },
  { group: AUTHORIZATION, kind: "LocalSubjectAccessReview", namespaced: true },
];

/** Resources that are questions: created, answered, never stored. */
export function reviewResources(): Resource[] {
  return reviewKinds.map(({ group, kind, namespaced = false }) => ({
    group,
    version: "v1",
    plural: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced,
    shortNames: [],
    categories: [],
    verbs: ["create"],
    storage: `${group}/${kind}`,
    subresources: [],
    hasStatus: false,
    custom: false,
    columns: [],
    selectableFields: new Map(),
    schema: { type: "object" },
    fields: () => untyped,
    empty: () => ({}),
    strategy: {
      decode: (document) => ({ object: document, unknown: [] }),
      generation: false,
      unconditionalUpdate: false,
    },
    review: kind,
  }));
}

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
      return reviewRules(context, user, textOf(spec, "namespace"));
    case "SelfSubjectAccessReview":
      return reviewAccess(context, user, spec, undefined);
    case "LocalSubjectAccessReview":
      return reviewAccess(context, subjectOf(spec), spec, info.namespace);
    default:
      return reviewAccess(context, subjectOf(spec), spec, undefined);
  }
}

export function userInfo(user: User): JsonObject {
  const { name, uid, groups, extra } = user;
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...groups],
    ...(extra === undefined ? {} : { extra }),
  };
}

function subjectOf(spec: JsonObject): User {
  const groups = Array.isArray(spec["groups"]) ? spec["groups"].map(String) : [];
  const name = textOf(spec, "user");
  if (name === "" && groups.length === 0)
    throw badRequest("at least one of spec.user or spec.groups must be specified");
  return { name, groups };
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

function reviewAccess(
  context: ApiContext,
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
  return { allowed: context.authorizer.isAllowed(user, access) };
}

function reviewRules(context: ApiContext, user: User, namespace: string): JsonObject {
  const resourceRules: JsonObject[] = [];
  const nonResourceRules: JsonObject[] = [];
  const rules = context.authorizer.rulesFor(user, namespace);
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
