import { matches, matchesRule, type Rule } from "../schema/rule.ts";

/** Source: IsValidLabelValue of Kubernetes. */
export const labelValue = matchesRule(
  "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$",
  "must be a label's value: letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
);

/** Source: IsQualifiedName of Kubernetes. */
export const labelKeys: Rule = {
  rule: `self.all(key, ${matches("key", "^([-a-z0-9.]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")})`,
  message: "every key must be a label's name, such as disktype or kubernetes.io/arch",
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
