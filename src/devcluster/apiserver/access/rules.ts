import { type MutableObject } from "../answers/json-object.ts";
import { textAt } from "../../../kube/json.ts";
import type { User } from "./user.ts";

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

/** A rule of a role; an absent list is an empty one. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** A rule of a stored role; what is no text in it counts as absent. */
export function readRule(rule: MutableObject): PolicyRule {
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

/** Whether a binding in `bindingNamespace` names the user as this subject. */
export function isSubject(subject: MutableObject, user: User, bindingNamespace: string): boolean {
  const name = textAt(subject, "name");
  switch (textAt(subject, "kind")) {
    case "User":
      return user.name === name;
    case "Group":
      return user.groups.includes(name);
    case "ServiceAccount": {
      const namespace = textAt(subject, "namespace") || bindingNamespace;
      return user.name === `system:serviceaccount:${namespace}:${name}`;
    }
    default:
      return false;
  }
}

/** Whether one rule allows what is wanted. */
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

/** Role-based access control over the stored roles and bindings. */
export interface Authorizer {
  isAllowed(user: User, access: AccessRequest): boolean;
  /** Every rule that holds for the user in the namespace (`""`: cluster-wide ones only). */
  rulesFor(user: User, namespace: string): PolicyRule[];
  /** The rules of a role reference. */
  rulesOf(ref: MutableObject, namespace: string): PolicyRule[];
}
