/**
 * The messages in which kubectl sends what it creates by name (`create secret`, `create token`,
 * `auth can-i`, …): field number -> `name:type`. Source: generated.proto of k8s.io/api and
 * k8s.io/apimachinery. Types: `string`, `int`, `bool`, `bytes`, `time`, `strings` (map), `bytesMap`,
 * `ignored` (a server sets it itself), or another message; `[]` after it: repeated, `?`: also kept
 * when it is zero.
 */
export type MessageFields = Readonly<Record<number, string>>;

const binding: MessageFields = { 1: "metadata:ObjectMeta", 2: "subjects:Subject[]", 3: "roleRef:RoleRef" };
const role: MessageFields = {
  1: "metadata:ObjectMeta",
  2: "rules:PolicyRule[]",
  3: "aggregationRule:AggregationRule",
};
const review = (spec: string): MessageFields => ({
  1: "metadata:ObjectMeta",
  2: `spec:${spec}`,
  3: "status:ignored",
});

export const MESSAGES: Readonly<Record<string, MessageFields>> = {
  Unknown: { 1: "typeMeta:TypeMeta", 2: "raw:bytes", 3: "contentEncoding:string", 4: "contentType:string" },
  TypeMeta: { 1: "apiVersion:string", 2: "kind:string" },
  ObjectMeta: {
    1: "name:string",
    2: "generateName:string",
    3: "namespace:string",
    4: "selfLink:string",
    5: "uid:string",
    6: "resourceVersion:string",
    7: "generation:int",
    8: "creationTimestamp:time",
    9: "deletionTimestamp:time",
    10: "deletionGracePeriodSeconds:int?",
    11: "labels:strings",
    12: "annotations:strings",
    13: "ownerReferences:OwnerReference[]",
    14: "finalizers:string[]",
    17: "managedFields:ignored",
  },
  OwnerReference: {
    1: "kind:string",
    3: "name:string",
    4: "uid:string",
    5: "apiVersion:string",
    6: "controller:bool?",
    7: "blockOwnerDeletion:bool?",
  },
  LabelSelector: { 1: "matchLabels:strings", 2: "matchExpressions:Requirement[]" },
  Requirement: { 1: "key:string", 2: "operator:string", 3: "values:string[]" },
  DeleteOptions: {
    1: "gracePeriodSeconds:int?",
    2: "preconditions:Preconditions",
    3: "orphanDependents:bool?",
    4: "propagationPolicy:string",
    5: "dryRun:string[]",
  },
  Preconditions: { 1: "uid:string", 2: "resourceVersion:string" },

  Secret: {
    1: "metadata:ObjectMeta",
    2: "data:bytesMap",
    3: "type:string",
    4: "stringData:strings",
    5: "immutable:bool?",
  },
  ConfigMap: { 1: "metadata:ObjectMeta", 2: "data:strings", 3: "binaryData:bytesMap", 4: "immutable:bool?" },
  Namespace: { 1: "metadata:ObjectMeta", 2: "spec:NamespaceSpec", 3: "status:ignored" },
  NamespaceSpec: { 1: "finalizers:string[]" },
  ServiceAccount: {
    1: "metadata:ObjectMeta",
    2: "secrets:ObjectReference[]",
    3: "imagePullSecrets:LocalObjectReference[]",
    4: "automountServiceAccountToken:bool?",
  },
  ObjectReference: {
    1: "kind:string",
    2: "namespace:string",
    3: "name:string",
    4: "uid:string",
    5: "apiVersion:string",
    6: "resourceVersion:string",
    7: "fieldPath:string",
  },
  LocalObjectReference: { 1: "name:string" },
  PriorityClass: {
    1: "metadata:ObjectMeta",
    2: "value:int?",
    3: "globalDefault:bool",
    4: "description:string",
    5: "preemptionPolicy:string",
  },

  Role: role,
  ClusterRole: role,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  PolicyRule: {
    1: "verbs:string[]",
    2: "apiGroups:string[]",
    3: "resources:string[]",
    4: "resourceNames:string[]",
    5: "nonResourceURLs:string[]",
  },
  AggregationRule: { 1: "clusterRoleSelectors:LabelSelector[]" },
  RoleRef: { 1: "apiGroup:string", 2: "kind:string", 3: "name:string" },
  Subject: { 1: "kind:string", 2: "apiGroup:string", 3: "name:string", 4: "namespace:string" },

  SelfSubjectAccessReview: review("AccessReviewSpec"),
  SubjectAccessReview: review("AccessReviewSpec"),
  LocalSubjectAccessReview: review("AccessReviewSpec"),
  SelfSubjectRulesReview: review("SelfSubjectRulesReviewSpec"),
  SelfSubjectRulesReviewSpec: { 1: "namespace:string" },
  SelfSubjectReview: { 1: "metadata:ObjectMeta", 2: "status:ignored" },
  AccessReviewSpec: {
    1: "resourceAttributes:ResourceAttributes?",
    2: "nonResourceAttributes:NonResourceAttributes?",
    3: "user:string",
    4: "groups:string[]",
    6: "uid:string",
  },
  ResourceAttributes: {
    1: "namespace:string",
    2: "verb:string",
    3: "group:string",
    4: "version:string",
    5: "resource:string",
    6: "subresource:string",
    7: "name:string",
    8: "fieldSelector:SelectorAttributes",
    9: "labelSelector:SelectorAttributes",
  },
  SelectorAttributes: { 1: "rawSelector:string", 2: "requirements:Requirement[]" },
  NonResourceAttributes: { 1: "path:string", 2: "verb:string" },

  TokenRequest: review("TokenRequestSpec"),
  TokenRequestSpec: {
    1: "audiences:string[]",
    3: "boundObjectRef:BoundObjectReference",
    4: "expirationSeconds:int?",
  },
  BoundObjectReference: { 1: "kind:string", 2: "apiVersion:string", 3: "name:string", 4: "uid:string" },
  TokenReview: review("TokenReviewSpec"),
  TokenReviewSpec: { 1: "token:string", 2: "audiences:string[]" },
};
