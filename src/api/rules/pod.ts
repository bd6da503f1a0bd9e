import { celList, matches, matchesRule, type Rule } from "../schema/rule.ts";

/** Source: IsValidLabelValue of Kubernetes. */
export const labelValue = matchesRule(
  "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
  "must be a label's value: letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
);

/** Source: IsQualifiedName of Kubernetes. */
const QUALIFIED_NAME = "^([-a-z0-9.]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$";

export const labelKey = matchesRule(
  QUALIFIED_NAME,
  "must be a label's name, such as disktype or kubernetes.io/arch",
);

export const labelKeys: Rule = {
  rule: `self.all(key, ${matches("key", QUALIFIED_NAME)})`,
  message: "every key must be a label's name, such as disktype or kubernetes.io/arch",
};

export const annotationKeys: Rule = {
  rule: `self.all(key, ${matches("key", QUALIFIED_NAME)} && !key.startsWith('agent.xonovex.com/'))`,
  message:
    "every key must be an annotation's name, such as sidecar.istio.io/inject, and none may be one of the operator's own",
};

/** What the operator and the controller of Jobs find their pods by. */
const OWN_LABELS: readonly string[] = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app.kubernetes.io/managed-by",
  "controller-uid",
  "job-name",
];
const OWN_PREFIXES: readonly string[] = ["agent.xonovex.com/", "batch.kubernetes.io/", "kueue.x-k8s.io/"];

export const ownLabels: Rule = {
  rule: `self.all(key, !(key in ${celList(OWN_LABELS)}) && ${OWN_PREFIXES.map((prefix) => `!key.startsWith('${prefix}')`).join(" && ")})`,
  message: `no key may be one of the labels that pods are found by: ${[...OWN_LABELS, ...OWN_PREFIXES.map((prefix) => `${prefix}*`)].join(", ")}`,
};

/** Source: ValidateTolerations of Kubernetes. */
export const tolerationRules: readonly Rule[] = [
  {
    rule: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
    message: "operator must be Exists when key is empty, which tolerates every taint",
  },
  {
    rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
    message: "value must be empty when operator is Exists",
  },
  {
    rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    message: "effect must be NoExecute when tolerationSeconds is set",
  },
];
