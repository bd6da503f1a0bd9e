import { matchesRule, type Rule } from "../schema/rule.ts";

export const projectName = matchesRule(
  "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$",
  "must be the repository's name on its forge, such as owner/name",
);

export const accountName = matchesRule(
  "^[A-Za-z0-9_.-]+(\\[bot\\])?$",
  "must be the name of an account, without '@'",
);

const FROM_FORGE =
  "(has(self.poll) || (has(self.webhook) && self.webhook.source in ['GitHub', 'GitLab', 'Gitea']))";

const ofForge: readonly Rule[] = (
  ["actors", "repository", "allowForks", "credential", "report"] as const
).map((field) => ({
  rule: `!has(self.${field}) || ${FROM_FORGE}`,
  reason: "FieldValueForbidden",
  fieldPath: `.${field}`,
  message: `only events of a forge have it: leave ${field} out, or set webhook.source to GitHub, GitLab or Gitea`,
}));

/** On `spec`. */
export const triggerRules: readonly Rule[] = [
  {
    rule: "has(self.webhook) != has(self.poll)",
    fieldPath: ".webhook",
    message: "set either webhook or poll",
  },
  {
    rule: "!has(self.poll) || has(self.credential)",
    reason: "FieldValueRequired",
    fieldPath: ".credential",
    message: "the forge is asked for its events: name a token in credential",
  },
  ...ofForge,
  {
    rule: "!has(self.credential) || has(self.credential.secretRef) != has(self.credential.githubAppRef)",
    reason: "FieldValueRequired",
    fieldPath: ".credential.secretRef",
    message: "name either the Secret of a token in secretRef, or that of a GitHub App in githubAppRef",
  },
  {
    rule: "!has(self.credential) || !has(self.credential.githubAppRef) || (!has(self.credential.apiURL) && (has(self.poll) || self.webhook.source == 'GitHub'))",
    reason: "FieldValueForbidden",
    fieldPath: ".credential.githubAppRef",
    message:
      "a GitHub App is of GitHub, which is where its Secret says: leave apiURL out, and name a token in secretRef for another forge",
  },
  {
    rule: `!has(self.report) || has(self.credential) || !(${FROM_FORGE})`,
    reason: "FieldValueRequired",
    fieldPath: ".credential",
    message: "a report is written on the forge: name a token in credential",
  },
  {
    rule: `has(self.repository) || has(self.runTemplate.spec.repository) || !(${FROM_FORGE})`,
    reason: "FieldValueRequired",
    fieldPath: ".repository",
    message:
      "the template names no repository: set repository to the one whose events start runs, such as owner/name",
  },
  {
    rule: `has(self.credential) || !(${FROM_FORGE}) || (has(self.actors) && has(self.actors.permission) && self.actors.permission == 'Any')`,
    reason: "FieldValueRequired",
    fieldPath: ".credential",
    message:
      "the forge is asked whether the sender of an event may write to the repository: name a token in credential, or set actors.permission to Any",
  },
  {
    rule: `!has(self.runTemplate.spec.continueFrom) || !has(self.runTemplate.spec.continueFrom.pullRequest) || ${FROM_FORGE}`,
    reason: "FieldValueForbidden",
    fieldPath: ".runTemplate.spec.continueFrom.pullRequest",
    message: "only events of a forge have a pull request: name a run instead",
  },
];

/** On `continueFrom` of a trigger. */
export const oneContinuation: Rule = {
  rule: "has(self.run) != has(self.pullRequest)",
  message: "set either run or pullRequest",
};
