import type { Rule } from "../schema/rule.ts";

/** On `spec`. */
export const continueRules: readonly Rule[] = (
  ["repository", "additionalRepositories", "workspaceRef", "worktree"] as const
).map((field) => ({
  rule: `!has(self.continueFrom) || !has(self.${field})`,
  reason: "FieldValueForbidden",
  fieldPath: `.${field}`,
  message: `a run with continueFrom works where the run that it continues has worked: leave ${field} out`,
}));

/** On the whole object. */
export const continuedRunRules: readonly Rule[] = [
  {
    rule: "!has(self.spec.continueFrom) || self.spec.continueFrom.run != self.metadata.name",
    fieldPath: ".spec.continueFrom.run",
    message: "a run cannot continue itself: name another one, or give this one another name",
  },
];
