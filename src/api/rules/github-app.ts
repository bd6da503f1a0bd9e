import { matches, type Rule } from "../schema/rule.ts";

/** A token of an App is for a repository that HTTP names by its owner and its own name. */
const ON_GITHUB = "^https?://[^/]+/[^/]*[^/.][^/]*/[^/]*[^/.][^/]*/?$";

/** On a repository whose credential no agent can be given. */
export const onlyGithubAppRules: readonly Rule[] = [
  {
    rule: "!(has(self.githubAppRef) && has(self.credentialsSecretRef))",
    reason: "FieldValueForbidden",
    fieldPath: ".githubAppRef",
    message: "githubAppRef and credentialsSecretRef are mutually exclusive: name one of them",
  },
  {
    rule: `!has(self.githubAppRef) || ${matches("self.url", ON_GITHUB)}`,
    fieldPath: ".url",
    message: "a GitHub App is for a repository with an https URL, such as https://github.com/owner/name",
  },
];

/** On a `repository`. */
export const githubAppRules: readonly Rule[] = [
  ...onlyGithubAppRules,
  {
    rule: "!has(self.githubAppRef) || !has(self.exposeCredentialsToAgent) || !self.exposeCredentialsToAgent",
    reason: "FieldValueForbidden",
    fieldPath: ".exposeCredentialsToAgent",
    message:
      "an agent never gets a token of a GitHub App: leave it out, or name a token in credentialsSecretRef",
  },
];

/** On `spec`. */
export const publishAppRules: readonly Rule[] = [
  {
    rule: "!has(self.publish) || has(self.publish.githubAppRef) != has(self.publish.credentialsSecretRef)",
    reason: "FieldValueRequired",
    fieldPath: ".publish.credentialsSecretRef",
    message:
      "publish needs a credential of its own: name either the Secret of a token in credentialsSecretRef, or that of a GitHub App in githubAppRef",
  },
  {
    rule: `!has(self.publish) || !has(self.publish.githubAppRef) || !has(self.repository) || ${matches("self.repository.url", ON_GITHUB)}`,
    fieldPath: ".publish.githubAppRef",
    message: "a GitHub App is for a repository with an https URL, such as https://github.com/owner/name",
  },
  {
    rule: "!has(self.publish) || !has(self.publish.githubAppRef) || !has(self.publish.pullRequest) || ((!has(self.publish.pullRequest.forge) || self.publish.pullRequest.forge == 'GitHub') && !has(self.publish.pullRequest.apiURL) && !has(self.publish.pullRequest.tokenSecretRef))",
    reason: "FieldValueForbidden",
    fieldPath: ".publish.pullRequest",
    message:
      "with githubAppRef the pull request is opened by the App, where its Secret says: leave apiURL and tokenSecretRef out, and forge too unless it is GitHub",
  },
];
