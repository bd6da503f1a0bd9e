import { itemsOf, metaOf, partOf, textOf, type JsonObject } from "../answers/json-object.ts";
import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import { isSubject, readRule, ruleAllows, type Authorizer, type PolicyRule } from "./rules.ts";
import type { StoredObjects } from "./stored-objects.ts";
import type { User } from "./user.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Decides from the roles and bindings that `objects` has at the moment. */
export function createAuthorizer(objects: StoredObjects): Authorizer {
  const clusterRoleRules = (role: JsonObject): PolicyRule[] => {
    const selectors = itemsOf(partOf(role, "aggregationRule"), "clusterRoleSelectors");
    if (selectors.length === 0) return itemsOf(role, "rules").map(readRule);
    const rules: PolicyRule[] = [];
    for (const other of objects.list(`${RBAC}/clusterroles`)) {
      const selected = selectors.some((selector) =>
        labelsMatch(labelSelectorOf(selector as ObjectLabelSelector), metaOf(other).labels),
      );
      if (selected) rules.push(...itemsOf(other, "rules").map(readRule));
    }
    return rules;
  };
  const rulesOf = (ref: JsonObject, namespace: string): PolicyRule[] => {
    const name = textOf(ref, "name");
    if (textOf(ref, "kind") === "ClusterRole") {
      const role = objects.get(`${RBAC}/clusterroles`, name);
      return role === undefined ? [] : clusterRoleRules(role);
    }
    return itemsOf(objects.get(`${RBAC}/roles`, `${namespace}/${name}`), "rules").map(readRule);
  };
  const rulesFor = (user: User, namespace: string): PolicyRule[] => {
    const rules: PolicyRule[] = [];
    const collect = (binding: JsonObject): void => {
      const own = metaOf(binding).namespace ?? "";
      if (own !== "" && own !== namespace) return;
      const applies = itemsOf(binding, "subjects").some((subject) => isSubject(subject, user, own));
      if (applies) rules.push(...rulesOf(partOf(binding, "roleRef"), own));
    };
    for (const binding of objects.list(`${RBAC}/clusterrolebindings`)) collect(binding);
    if (namespace !== "") for (const binding of objects.list(`${RBAC}/rolebindings`)) collect(binding);
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
