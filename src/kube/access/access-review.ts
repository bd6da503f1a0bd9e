import { isJsonObject, partOf, textOf, type JsonObject } from "../json-object.ts";
import { badRequest } from "../status-error.ts";
import type { AccessRequest, Authorizer } from "./rules.ts";
import type { User } from "./user.ts";

/** The status of an access review; throws 400 where it asks nothing. */
export function reviewAccess(
  authorizer: Authorizer,
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
  return { allowed: authorizer.isAllowed(user, access) };
}

/** The status of a SelfSubjectRulesReview. */
export function reviewRules(authorizer: Authorizer, user: User, namespace: string): JsonObject {
  const resourceRules: JsonObject[] = [];
  const nonResourceRules: JsonObject[] = [];
  const rules = authorizer.rulesFor(user, namespace);
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
