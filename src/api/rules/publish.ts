import { matches, matchesRule, type Rule } from "../schema/rule.ts";
import { INVISIBLE } from "./values.ts";

/** A path as git has it; what is not seen would protect nothing that anybody meant. */
export const protectedPath: Rule = {
  rule:
    `${matches("self", `^[^${INVISIBLE}\\\\/]([^\\p{Cc}\\\\]*[^${INVISIBLE}\\\\])?$`)} && ` +
    `!${matches("self", "(^|/)[.]{0,2}/|(^|/)[.]{1,2}$")}`,
  message:
    "must be a path from the top of the repository, such as .github/workflows or **/Jenkinsfile: no '/' at its start, no '.' or '..' as a name, no '\\'",
};

export const oneLine: Rule = matchesRule(
  `^[^${INVISIBLE}]([^\\p{Cc}\\p{Zl}\\p{Zp}]*[^${INVISIBLE}])?$`,
  "must be one line, without a space at its start or end",
);

export const labelName: Rule = matchesRule(
  `^[^${INVISIBLE},]([^\\p{Cc},]*[^${INVISIBLE},])?$`,
  "must be the name of a label, without commas",
);

export const reviewerName: Rule = matchesRule(
  "^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)?$",
  "must be the name of a user, without '@', or of a team as organization/team",
);

/** Without a user, and without what would be cut off again. */
export const apiURL: Rule = matchesRule(
  "^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?$",
  "must be an https:// or http:// URL without a user, such as https://git.example.com/api/v4",
);

/** Whose forge is known by its host. */
const KNOWN_HOST = "(?i)^([a-z+]+://)?([^/@]*@)?((www|ssh)[.])?(github|gitlab)[.]com[:/]";

/** CEL: this is set in `publish.pullRequest`. */
const ofPullRequest = (field: string): string => `has(self.publish.pullRequest.${field})`;

const NO_PULL_REQUEST = "!has(self.publish) || !has(self.publish.pullRequest) || !has(self.repository)";

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
  {
    rule: `${NO_PULL_REQUEST} || ${ofPullRequest("forge")} || has(self.publish.githubAppRef) || ${matches("self.repository.url", KNOWN_HOST)}`,
    reason: "FieldValueRequired",
    fieldPath: ".publish.pullRequest.forge",
    message: "the host of the repository does not say what it is: set forge to GitHub, GitLab or Gitea",
  },
  {
    rule: `${NO_PULL_REQUEST} || ${ofPullRequest("tokenSecretRef")} || has(self.publish.githubAppRef) || ${matches("self.repository.url", "^https?://")}`,
    reason: "FieldValueRequired",
    fieldPath: ".publish.pullRequest.tokenSecretRef",
    message:
      "a pull request needs a token of the forge's API, which the credential of an ssh URL is not: name one",
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
