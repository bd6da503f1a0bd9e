import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { metaOf, type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectAt, textAt, jsonEqual } from "../../../../kube/json.ts";
import { labelSelector, selects } from "./label-selector.ts";
import { validatePodTemplate } from "./pod.ts";
import { atLeast, checkRules, type Rule } from "./rule-table.ts";

/** Validation of Deployments, which make no pods here: selector and template. Source: kubernetes pkg/apis/apps/validation. */

const COUNTS: readonly Rule[] = [
  ["replicas", atLeast(0)],
  ["minReadySeconds", atLeast(0)],
  ["revisionHistoryLimit", atLeast(0)],
];

/** What is wrong with a Deployment's selector and pods. */
export function validateDeployment(deployment: MutableObject): FieldError[] {
  const spec = objectAt(deployment, "spec");
  const { selector } = spec;
  const template = objectAt(spec, "template");
  const at = "spec.template";
  const errors = checkRules(COUNTS, spec, "spec");
  const wrong = labelSelector(selector, "spec.selector", spec);
  if (!isObject(selector)) errors.push(field.required("spec.selector"));
  if (wrong.length > 0) {
    errors.push(...wrong, field.invalid("spec.selector", selector, "invalid label selector"));
  }
  const { labels } = metaOf({ metadata: {}, ...template });
  if (wrong.length === 0 && !selects(objectAt(spec, "selector"), labels ?? {})) {
    const words = "`selector` does not match template `labels`";
    errors.push(field.invalid(`${at}.metadata.labels`, labels ?? null, words));
  }
  errors.push(...validatePodTemplate(template, at));
  const policy = textAt(objectAt(template, "spec"), "restartPolicy");
  if (policy !== "Always") errors.push(field.notSupported(`${at}.spec.restartPolicy`, policy, ["Always"]));
  return errors;
}

/** What is wrong with a change of a Deployment. */
export function validateDeploymentUpdate(deployment: MutableObject, old: MutableObject): FieldError[] {
  const { selector } = objectAt(deployment, "spec");
  const errors = validateDeployment(deployment);
  if (jsonEqual(selector, objectAt(old, "spec")["selector"])) return errors;
  return [...errors, field.invalid("spec.selector", selector, "field is immutable")];
}
