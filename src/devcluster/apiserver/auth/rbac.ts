import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import type { JsonObject } from "../builtin/decode.ts";
import { itemsOf, partOf, textOf } from "../objects.ts";
import type { Store } from "../storage/store.ts";
import type { StoredObject } from "../storage/table.ts";
import type { User } from "../user.ts";

/** What someone wants to do: to a resource, or to a path that is none. */
export type AccessRequest =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly verb: string; readonly path: string };

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** Role-based access control over the stored roles and bindings. */
export interface Authorizer {
  isAllowed(user: User, access: AccessRequest): boolean;
  /** Every rule that holds for the user in the namespace (`""`: cluster-wide ones only). */
  rulesFor(user: User, namespace: string): PolicyRule[];
  /** The rules of a role reference. */
  rulesOf(ref: JsonObject, namespace: string): PolicyRule[];
}

const RBAC = "rbac.authorization.k8s.io";

/** Parsed roles and bindings, kept as long as the stored object is the same. */
type Parsed = WeakMap<StoredObject, JsonObject>;

export function createAuthorizer(store: Store): Authorizer {
  const parsed: Parsed = new WeakMap();
  const parse = (stored: StoredObject): JsonObject => {
    let object = parsed.get(stored);
    if (object === undefined) parsed.set(stored, (object = JSON.parse(stored.json) as JsonObject));
    return object;
  };
  const clusterRoleRules = (role: JsonObject): PolicyRule[] => {
    const selectors = itemsOf(partOf(role, "aggregationRule"), "clusterRoleSelectors");
    if (selectors.length === 0) return itemsOf(role, "rules").map(readRule);
    const rules: PolicyRule[] = [];
    for (const stored of store.table(`${RBAC}/clusterroles`).values()) {
      const selected = selectors.some((selector) =>
        labelsMatch(labelSelectorOf(selector as ObjectLabelSelector), stored.labels),
      );
      if (selected) rules.push(...itemsOf(parse(stored), "rules").map(readRule));
    }
    return rules;
  };
  const rulesOf = (ref: JsonObject, namespace: string): PolicyRule[] => {
    const name = textOf(ref, "name");
    if (textOf(ref, "kind") === "ClusterRole") {
      const stored = store.table(`${RBAC}/clusterroles`).get(name);
      return stored === undefined ? [] : clusterRoleRules(parse(stored));
    }
    const stored = store.table(`${RBAC}/roles`).get(`${namespace}/${name}`);
    return stored === undefined ? [] : itemsOf(parse(stored), "rules").map(readRule);
  };
  const rulesFor = (user: User, namespace: string): PolicyRule[] => {
    const rules: PolicyRule[] = [];
    const collect = (stored: StoredObject): void => {
      const binding = parse(stored);
      const applies = itemsOf(binding, "subjects").some((subject) =>
        isSubject(subject, user, stored.namespace),
      );
      if (applies) rules.push(...rulesOf(partOf(binding, "roleRef"), stored.namespace));
    };
    for (const stored of store.table(`${RBAC}/clusterrolebindings`).values()) collect(stored);
    if (namespace !== "") {
      for (const stored of store.table(`${RBAC}/rolebindings`).values()) {
        if (stored.namespace === namespace) collect(stored);
      }
    }
    return rules;
  };
  return {
    rulesFor,
    rulesOf,
    isAllowed(user, access) {
      if (user.groups.includes("system:masters")) return true;
      const namespace = "path" in access ? "" : access.namespace;
      return rulesFor(user, namespace).some((rule) => ruleAllows(rule, access));
    },
  };
}

export function readRule(rule: JsonObject): PolicyRule {
  const texts = (field: string): string[] => {
    const list = rule[field];
    return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
  };
  return {
    verbs: texts("verbs"),
    apiGroups: texts("apiGroups"),
    resources: texts("resources"),
    resourceNames: texts("resourceNames"),
    nonResourceURLs: texts("nonResourceURLs"),
  };
}

function isSubject(subject: JsonObject, user: User, bindingNamespace: string): boolean {
  const name = textOf(subject, "name");
  switch (textOf(subject, "kind")) {
    case "User":
      return user.name === name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount": {
      const namespace = textOf(subject, "namespace") || bindingNamespace;
      return user.name === `system:serviceaccount:${namespace}:${name}`;
    }
    default:
      return false;
  }
}

export function ruleAllows(rule: PolicyRule, access: AccessRequest): boolean {
  if (!rule.verbs.includes("*") && !rule.verbs.includes(access.verb)) return false;
  if ("path" in access) {
    return rule.nonResourceURLs.some(
      (url) => url === access.path || (url.endsWith("*") && access.path.startsWith(url.slice(0, -1))),
    );
  }
  const { group, resource, subresource, name } = access;
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  const matchesResource = rule.resources.some(
    (wanted) =>
      wanted === "*" || wanted === combined || (subresource !== "" && wanted === `*/${subresource}`),
  );
  return (
    (rule.apiGroups.includes("*") || rule.apiGroups.includes(group)) &&
    matchesResource &&
    (rule.resourceNames.length === 0 || (name !== "" && rule.resourceNames.includes(name)))
  );
}

/** Of `wanted`, what `owned` does not cover: the escalation check on roles and bindings. */
export function uncovered(wanted: readonly PolicyRule[], owned: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(splitRule).filter((rule) => {
    const [verb = ""] = rule.verbs;
    if (rule.nonResourceURLs.length > 0) {
      const [path = ""] = rule.nonResourceURLs;
      return !owned.some((own) => ruleAllows(own, { verb, path }));
    }
    const [group = ""] = rule.apiGroups;
    const [resource = "", subresource = ""] = rule.resources[0]?.split("/") ?? [];
    const [name = ""] = rule.resourceNames;
    const access = { verb, group, resource, subresource, namespace: "", name };
    return !owned.some((own) => ruleAllows(own, access));
  });
}

/** A rule as rules of one verb, one resource (or path) and one name each. */
function splitRule(rule: PolicyRule): PolicyRule[] {
  const empty = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  return rule.verbs.flatMap((verb) => [
    ...rule.nonResourceURLs.map((url) => ({ ...empty, verbs: [verb], nonResourceURLs: [url] })),
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) => {
        const one = { ...empty, verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames.length === 0) return [one];
        return rule.resourceNames.map((name) => ({ ...one, resourceNames: [name] }));
      }),
    ),
  ]);
}
