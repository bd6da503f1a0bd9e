import type { TypeTable } from "./notation.ts";

const review = (spec: string, status: string) => ({
  metadata: "ObjectMeta @1",
  spec: `${spec} @2`,
  status: `${status} @3`,
});

/** Types of what is asked and never stored: reviews, tokens, evictions. Source: k8s.io/api authentication, authorization. */
export const requestTypes: TypeTable = {
  SelfSubjectAccessReview: review("AccessReviewSpec", "AccessReviewStatus"),
  SubjectAccessReview: review("AccessReviewSpec", "AccessReviewStatus"),
  LocalSubjectAccessReview: review("AccessReviewSpec", "AccessReviewStatus"),
  SelfSubjectRulesReview: review("SelfSubjectRulesReviewSpec", "RulesReviewStatus"),
  SelfSubjectRulesReviewSpec: { namespace: "string @1" },
  SelfSubjectReview: { metadata: "ObjectMeta @1", status: "SelfSubjectReviewStatus @2" },
  SelfSubjectReviewStatus: { userInfo: "UserInfo @1" },
  AccessReviewSpec: {
    resourceAttributes: "*ResourceAttributes @1",
    nonResourceAttributes: "*NonResourceAttributes @2",
    user: "string @3",
    groups: "[]string atomic @4",
    uid: "string @6",
  },
  ResourceAttributes: {
    namespace: "string @1",
    verb: "string @2",
    group: "string @3",
    version: "string @4",
    resource: "string @5",
    subresource: "string @6",
    name: "string @7",
    fieldSelector: "*SelectorAttributes @8",
    labelSelector: "*SelectorAttributes @9",
  },
  SelectorAttributes: {
    rawSelector: "string @1",
    requirements: "[]LabelSelectorRequirement atomic @2",
  },
  NonResourceAttributes: { path: "string @1", verb: "string @2" },
  TokenRequest: review("TokenRequestSpec", "TokenRequestStatus"),
  TokenRequestSpec: {
    audiences: "![]string atomic @1",
    expirationSeconds: "*int64 @4",
    boundObjectRef: "*BoundObjectReference @3",
  },
  BoundObjectReference: {
    kind: "string @1",
    apiVersion: "string @2",
    name: "string @3",
    uid: "string @4",
  },
  TokenReview: review("TokenReviewSpec", "TokenReviewStatus"),
  TokenReviewSpec: { token: "string @1", audiences: "[]string atomic @2" },
  AccessReviewStatus: {
    allowed: "!bool @1",
    denied: "bool @4",
    reason: "string @2",
    evaluationError: "string @3",
  },
  RulesReviewStatus: {
    resourceRules: "![]any @1",
    nonResourceRules: "![]any @2",
    incomplete: "!bool @3",
    evaluationError: "string @4",
  },
  TokenRequestStatus: { token: "!string @1", expirationTimestamp: "!time @2" },
  TokenReviewStatus: {
    authenticated: "bool @1",
    user: "UserInfo @2",
    audiences: "[]string atomic @4",
    error: "string @3",
  },
  UserInfo: { username: "string @1", uid: "string @2", groups: "[]string atomic @3", extra: "{}any @4" },
  Eviction: { metadata: "ObjectMeta @1", deleteOptions: "*DeleteOptions @2" },
  Binding: { metadata: "ObjectMeta @1", target: "ObjectReference @2" },
};
