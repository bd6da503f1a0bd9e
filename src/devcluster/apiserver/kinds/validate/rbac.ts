import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectsAt, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { dnsSubdomainErrors, pathSegmentErrors } from "../../../../kube/names.ts";
import { labelSelector } from "./label-selector.ts";
import { invalidStruct } from "./rule-table.ts";

/** Validation of roles and bindings. Source: kubernetes pkg/apis/rbac/validation. */

function isEmpty(value: unknown): boolean {
  return !Array.isArray(value) || value.length === 0;
}

function validateRules(object: MutableObject, namespaced: boolean): FieldError[] {
  return objectsAt(object, "rules").flatMap((rule, index) => {
    const path = `rules[${index}]`;
    const errors: FieldError[] = [];
    if (isEmpty(rule["verbs"])) {
      errors.push(field.required(`${path}.verbs`, "verbs must contain at least one value"));
    }
    if (!isEmpty(rule["nonResourceURLs"])) {
      if (namespaced) {
        errors.push(
          field.invalid(
            `${path}.nonResourceURLs`,
            rule["nonResourceURLs"],
            "namespaced rules cannot apply to non-resource URLs",
          ),
        );
      }
      if (!isEmpty(rule["apiGroups"]) || !isEmpty(rule["resources"]) || !isEmpty(rule["resourceNames"])) {
        errors.push(
          field.invalid(
            `${path}.nonResourceURLs`,
            rule["nonResourceURLs"],
            "rules cannot apply to both regular resources and non-resource URLs",
          ),
        );
      }
      return errors;
    }
    if (isEmpty(rule["apiGroups"])) {
      errors.push(field.required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
    }
    if (isEmpty(rule["resources"])) {
      errors.push(field.required(`${path}.resources`, "resource rules must supply at least one resource"));
    }
    return errors;
  });
}

/** Everything wrong with a role. */
export function validateRole(object: MutableObject): FieldError[] {
  const errors = validateRules(object, metaOf(object).namespace !== undefined);
  const aggregation = object["aggregationRule"];
  if (!isObject(aggregation)) return errors;
  const selectors = objectsAt(aggregation, "clusterRoleSelectors");
  const at = "aggregationRule.clusterRoleSelectors";
  if (selectors.length > 0) {
    return errors.concat(selectors.flatMap((part, index) => labelSelector(part, `${at}[${index}]`, object)));
  }
  const words = "at least one clusterRoleSelector required if aggregationRule is non-nil";
  return [...errors, field.required(at, words)];
}

const RBAC = "rbac.authorization.k8s.io";
const SUBJECTS = ["ServiceAccount", "User", "Group"];

/** Everything wrong with a binding. */
export function validateBinding(object: MutableObject): FieldError[] {
  const errors: FieldError[] = [];
  const namespaced = metaOf(object).namespace !== undefined;
  const role = objectAt(object, "roleRef");
  if (role["apiGroup"] !== RBAC) {
    errors.push(field.notSupported("roleRef.apiGroup", role["apiGroup"], [RBAC]));
  }
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(textAt(role, "kind"))) {
    errors.push(field.notSupported("roleRef.kind", role["kind"], kinds));
  }
  const name = textAt(role, "name");
  if (name === "") errors.push(field.required("roleRef.name", ""));
  errors.push(...pathSegmentErrors(name).map((detail) => field.invalid("roleRef.name", name, detail)));
  for (const [index, subject] of objectsAt(object, "subjects").entries()) {
    const path = `subjects[${index}]`;
    if (textAt(subject, "name") === "") errors.push(field.required(`${path}.name`, ""));
    const kind = textAt(subject, "kind");
    if (!SUBJECTS.includes(kind)) {
      errors.push(field.notSupported(`${path}.kind`, kind, SUBJECTS));
    }
    const group = textAt(subject, "apiGroup");
    const wanted = kind === "ServiceAccount" ? "" : RBAC;
    if (SUBJECTS.includes(kind) && group !== wanted) {
      errors.push(field.notSupported(`${path}.apiGroup`, group, [wanted]));
    }
    const account = kind === "ServiceAccount" ? textAt(subject, "name") : "";
    for (const detail of account === "" ? [] : dnsSubdomainErrors(account)) {
      errors.push(field.invalid(`${path}.name`, account, detail));
    }
    if (kind === "ServiceAccount" && textAt(subject, "namespace") === "" && !namespaced) {
      errors.push(field.required(`${path}.namespace`, ""));
    }
  }
  return errors;
}

/** Everything wrong with a change of a binding. */
export function validateBindingUpdate(object: MutableObject, old: MutableObject): FieldError[] {
  const errors = validateBinding(object);
  if (!jsonEqual(object["roleRef"], old["roleRef"])) {
    const role = objectAt(object, "roleRef");
    const shown = { APIGroup: role["apiGroup"], Kind: role["kind"], Name: role["name"] };
    errors.push(invalidStruct("roleRef", shown, "cannot change roleRef"));
  }
  return errors;
}
