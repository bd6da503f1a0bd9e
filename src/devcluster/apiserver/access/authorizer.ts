import { metaOf, type MutableObject } from "../answers/json-object.ts";
import { objectsAt, objectAt, textAt } from "../../../kube/json.ts";
import { labelSelectorOf, labelsMatch, type ObjectLabelSelector } from "../../../kube/selectors.ts";
import { isSubject, readRule, ruleAllows, type Authorizer, type PolicyRule } from "./rules.ts";
import type { StoredObjects } from "./stored-objects.ts";
import type { User } from "./user.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Decides from the roles and bindings that `objects` has at the moment. */
export function createAuthorizer(objects: StoredObjects): Authorizer {
  const clusterRoleRules = (role: MutableObject): PolicyRule[] => {
    const selectors = objectsAt(objectAt(role, "aggregationRule"), "clusterRoleSelectors");
    if (selectors.length === 0) return objectsAt(role, "rules").map(readRule);
    const rules: PolicyRule[] = [];
    for (const other of objects.list(`${RBAC}/clusterroles`)) {
      const selected = selectors.some((selector) =>
        labelsMatch(labelSelectorOf(selector as ObjectLabelSelector), metaOf(other).labels),
      );
      if (selected) rules.push(...objectsAt(other, "rules").map(readRule));
    }
    return rules;
  };
  const rulesOf = (ref: MutableObject, namespace: string): PolicyRule[] => {
    const name = textAt(ref, "name");
    if (textAt(ref, "kind") === "ClusterRole") {
      const role = objects.get(`${RBAC}/clusterroles`, name);
      return role === undefined ? [] : clusterRoleRules(role);
    }
    return objectsAt(objects.get(`${RBAC}/roles`, `${namespace}/${name}`), "rules").map(readRule);
  };
  const rulesFor = (user: User, namespace: string): PolicyRule[] => {
    const rules: PolicyRule[] = [];
    const collect = (binding: MutableObject): void => {
      const own = metaOf(binding).namespace ?? "";
      if (own !== "" && own !== namespace) return;
      const applies = objectsAt(binding, "subjects").some((subject) => isSubject(subject, user, own));
      if (applies) rules.push(...rulesOf(objectAt(binding, "roleRef"), own));
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
