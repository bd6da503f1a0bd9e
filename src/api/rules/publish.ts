import { matches, type Rule } from "../schema/rule.ts";
import { INVISIBLE } from "./values.ts";

/** A path as git has it; what is not seen would protect nothing that anybody meant. */
export const protectedPath: Rule = {
  rule:
    `${matches("self", `^[^${INVISIBLE}\\\\/]([^\\p{Cc}\\\\]*[^${INVISIBLE}\\\\])?$`)} && ` +
    `!${matches("self", "(^|/)[.]{0,2}/|(^|/)[.]{1,2}$")}`,
  message:
    "must be a path from the top of the repository, such as .github/workflows or **/Jenkinsfile: no '/' at its start, no '.' or '..' as a name, no '\\'",
};

/** Leaves room for `-publish` in the name of the Job. */
const MAX_PUBLISHED_RUN_NAME = 55;

/** On `spec.publish`'s parents: on `spec`. */
export const publishRules: readonly Rule[] = [
  {
    rule: "!has(self.publish) || !has(self.publish.commitMessage) || (has(self.publish.when) && self.publish.when == 'Changed')",
    reason: "FieldValueForbidden",
    fieldPath: ".publish.commitMessage",
    message:
      "only uncommitted changes need a message, and they are published only with when: Changed; set that, or leave commitMessage out",
  },
];

/** On the whole object. */
export const publishedRunRules: readonly Rule[] = [
  {
    rule: `!(has(self.spec.publish) || has(self.spec.verify)) || size(self.metadata.name) <= ${MAX_PUBLISHED_RUN_NAME}`,
    fieldPath: ".metadata.name",
    message: `the name of an AgentRun with verify or publish must have at most ${MAX_PUBLISHED_RUN_NAME} characters: its Jobs are named <run>-verify and <run>-publish`,
  },
];
