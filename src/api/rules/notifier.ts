import { matchesRule, type Rule } from "../schema/rule.ts";

/** Without a user, and in visible characters of ASCII. */
export const SINK_URL =
  '^https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?([/?][!"$-\\[\\]-~]*)?$';

export const sinkURL = matchesRule(
  SINK_URL,
  "must be an https:// or http:// URL without a user, such as https://events.example.com/runs",
);

/** On `sink`. */
export const sinkRules: readonly Rule[] = [
  {
    rule: "self.format != 'CloudEvents' || has(self.url)",
    reason: "FieldValueRequired",
    fieldPath: ".url",
    message: "nothing says where the events go: set url",
  },
  {
    rule: "self.format != 'Slack' || has(self.url) != has(self.secretRef)",
    message:
      "for Slack set one of url and secretRef: who knows such a URL may write there, so that it is best kept in the Secret that secretRef names",
  },
];

/** On an item of `matchExpressions`. Source: ValidateLabelSelector of Kubernetes. */
export const valuesOfOperator: Rule = {
  rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
  message: "In and NotIn need values; Exists and DoesNotExist have none",
};
