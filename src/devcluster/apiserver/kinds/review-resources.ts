import { untyped } from "../managed-fields/field-type.ts";
import type { Resource } from "./resource.ts";

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
