import type { Authorizer } from "../../../kube/access/rules.ts";
import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import type { JsonObject } from "../../../kube/json-object.ts";
import { itemsOf, partOf, textOf } from "../../../kube/json-object.ts";
import { isSubject, readRule, ruleAllows, type PolicyRule } from "../../../kube/access/rules.ts";
import type { Store } from "../storage/store.ts";
import type { StoredObject } from "../storage/table.ts";
import type { User } from "../../../kube/access/user.ts";

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
