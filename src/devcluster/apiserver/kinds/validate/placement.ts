import type { FieldError } from "../../../../kube/field-errors.ts";
import * as field from "../../../../kube/field-errors.ts";
import { type MutableObject } from "../../answers/json-object.ts";
import { isObject, objectsAt, textAt } from "../../../../kube/json.ts";
import { labelValueErrors, qualifiedNameErrors } from "../../../../kube/names.ts";
import { labelSelector, operatorErrors } from "./label-selector.ts";
import { validateLabels } from "./metadata.ts";
import { between, checkRules, named, namedAlways, oneOf, present, type Rule } from "./rule-table.ts";

/** Where a pod may run. Source: kubernetes pkg/apis/core/validation. */

const WEIGHT = between(1, 100, "must be in the range 1-100");
const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

const TERM: readonly Rule[] = [
  ["labelSelector", labelSelector],
  ["namespaceSelector", labelSelector],
  ["topologyKey", present("can not be empty"), namedAlways(qualifiedNameErrors)],
];

const podTerms = (kind: string): Rule[] => [
  [`affinity.${kind}.${REQUIRED}[]`, (term, at) => checkRules(TERM, term as MutableObject, at)],
  [`affinity.${kind}.${PREFERRED}[].weight`, WEIGHT],
  [
    `affinity.${kind}.${PREFERRED}[].podAffinityTerm`,
    (term, at) => checkRules(TERM, isObject(term) ? term : {}, at),
  ],
];

/** The parts of a pod's spec that a scheduler reads. */
export const PLACEMENT: readonly Rule[] = [
  ["nodeSelector", (labels, at) => validateLabels(labels as Record<string, string> | undefined, at)],
  ["tolerations[]", tolerationErrors],
  [`affinity.nodeAffinity.${REQUIRED}`, nodeSelectorErrors],
  [`affinity.nodeAffinity.${PREFERRED}[].weight`, WEIGHT],
  [`affinity.nodeAffinity.${PREFERRED}[].preference`, termErrors],
  ...podTerms("podAffinity"),
  ...podTerms("podAntiAffinity"),
  ["topologySpreadConstraints[].maxSkew", between(1, 2 ** 31 - 1, "must be greater than zero")],
  ["topologySpreadConstraints[].topologyKey", present("can not be empty"), named(qualifiedNameErrors)],
  [
    "topologySpreadConstraints[].whenUnsatisfiable",
    (value, at, parent) => oneOf("DoNotSchedule", "ScheduleAnyway")(value || " ", at, parent),
  ],
  ["topologySpreadConstraints[].labelSelector", labelSelector],
];

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function tolerationErrors(value: unknown, at: string): FieldError[] {
  const toleration = value as MutableObject;
  const errors: FieldError[] = [];
  const [key, operator, text, effect] = ["key", "operator", "value", "effect"].map((name) =>
    textAt(toleration, name),
  ) as [string, string, string, string];
  for (const detail of key === "" ? [] : qualifiedNameErrors(key)) {
    errors.push(field.invalid(`${at}.key`, key, detail));
  }
  if (key === "" && operator !== "Exists") {
    const words = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(field.invalid(`${at}.operator`, operator, words));
  }
  if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
    const words = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    errors.push(field.invalid(`${at}.effect`, effect, words));
  }
  if (operator === "" || operator === "Equal") {
    for (const detail of labelValueErrors(text)) errors.push(field.invalid(`${at}.operator`, text, detail));
  } else if (operator === "Exists") {
    if (text !== "") {
      errors.push(field.invalid(`${at}.operator`, text, "value must be empty when `operator` is 'Exists'"));
    }
  } else {
    const compared = ["Lt", "Gt"].includes(operator) ? ["Lt", "Gt"] : [];
    errors.push(field.notSupported(`${at}.operator`, operator, ["Equal", "Exists", ...compared]));
  }
  return [...errors, ...oneOf(...EFFECTS)(effect, `${at}.effect`, toleration)];
}

function nodeSelectorErrors(value: unknown, at: string): FieldError[] {
  if (!isObject(value)) return [];
  const terms = objectsAt(value, "nodeSelectorTerms");
  if (terms.length === 0) {
    return [field.required(`${at}.nodeSelectorTerms`, "must have at least one node selector term")];
  }
  return terms.flatMap((term, index) => termErrors(term, `${at}.nodeSelectorTerms[${index}]`));
}

function termErrors(term: unknown, at: string): FieldError[] {
  return objectsAt(isObject(term) ? term : {}, "matchExpressions").flatMap((requirement, index) =>
    requirementErrors(requirement, `${at}.matchExpressions[${index}]`),
  );
}

function requirementErrors(requirement: MutableObject, at: string): FieldError[] {
  return [
    ...operatorErrors(requirement, at, ["Gt", "Lt"]),
    ...namedAlways(qualifiedNameErrors)(textAt(requirement, "key"), `${at}.key`, requirement),
  ];
}
