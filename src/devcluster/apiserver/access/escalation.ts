import { objectsAt, objectAt, textAt, jsonEqual } from "../../../kube/json.ts";
import { forbidden } from "../answers/status-error.ts";
import type { AdmissionAttempt } from "./admission-attempt.ts";
import { readRule, uncovered, type Authorizer, type PolicyRule } from "./rules.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Nobody gives rights that they do not have, unless they may `escalate` roles or `bind` this one. */
export function refuseEscalation(authorizer: Authorizer, attempt: AdmissionAttempt): void {
  const { resource, object, old, user, namespace, subresource } = attempt;
  if (resource.group !== RBAC || object === undefined || subresource !== "") return;
  if (user.groups.includes("system:masters")) return;
  const isBinding = resource.kind.endsWith("Binding");
  const unchanged = isBinding
    ? jsonEqual([object["roleRef"], object["subjects"]], [old?.["roleRef"], old?.["subjects"]])
    : jsonEqual(object["rules"], old?.["rules"]);
  if (old !== undefined && unchanged) return;
  const role = objectAt(object, "roleRef");
  const access = {
    group: RBAC,
    subresource: "",
    namespace,
    ...(isBinding
      ? { verb: "bind", resource: `${textAt(role, "kind").toLowerCase()}s`, name: textAt(role, "name") }
      : { verb: "escalate", resource: resource.plural, name: attempt.name }),
  };
  if (authorizer.isAllowed(user, access)) return;
  const granted = isBinding ? authorizer.rulesOf(role, namespace) : objectsAt(object, "rules").map(readRule);
  const missing = uncovered(granted, authorizer.rulesFor(user, namespace));
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(" ");
  throw forbidden(
    { group: RBAC, resource: resource.plural },
    attempt.name,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${compact(missing).map(printRule).join("\n")}`,
  );
}

/** Rules that differ in their verb only are shown as one. */
function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const byRest = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...rest } = rule;
    const key = JSON.stringify(rest);
    const known = byRest.get(key);
    byRest.set(key, { ...rest, verbs: [...new Set([...(known?.verbs ?? []), ...verbs])] });
  }
  return [...byRest.values()];
}

function printRule(rule: PolicyRule): string {
  const list = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`];
  const parts = [
    ...list("APIGroups", rule.apiGroups),
    ...list("Resources", rule.resources),
    ...list("ResourceNames", rule.resourceNames),
    ...list("NonResourceURLs", rule.nonResourceURLs),
    ...list("Verbs", rule.verbs),
  ];
  return `{${parts.join(", ")}}`;
}
