import { manifest, type Fields, type RefusedManifest } from "./manifest.ts";

const repository = { url: "https://github.com/org/repo.git" };
const webhook = { source: "GitHub", secretRef: { name: "hook", key: "secret" } };
const credential = { secretRef: { name: "forge", key: "token" } };
const run = { repository, prompt: "Do it" };
const trigger = (fields: Fields, template: Fields = run, name?: string) =>
  manifest("AgentTrigger", { webhook, credential, runTemplate: { spec: template }, ...fields }, name);
const generic = (fields: Fields) =>
  trigger({ webhook: { ...webhook, source: "Generic" }, credential: undefined, ...fields });

const onlyForges: Fields = {
  actors: { permission: "Any" },
  repository: "org/repo",
  allowForks: true,
  credential,
  report: { comment: true },
};

export const triggers: RefusedManifest[] = [
  ...Object.entries(onlyForges).map(([field, value]) => ({
    what: `${field} of a trigger whose events come from no forge`,
    manifest: generic({ [field]: value }),
    says: `spec.${field}: Forbidden: only events of a forge have it: leave ${field} out, or set webhook.source to GitHub, GitLab or Gitea`,
  })),
  {
    what: "a source that there is not",
    manifest: trigger({ webhook: { ...webhook, source: "Bitbucket" } }),
    says: 'spec.webhook.source: Unsupported value: "Bitbucket": supported values: "GitHub", "GitLab", "Gitea", "Generic", "CloudEvents"',
  },
  {
    what: "a trigger without the secret that deliveries are signed with",
    manifest: trigger({ webhook: { source: "GitHub" } }),
    says: "spec.webhook.secretRef: Required value",
  },
  {
    what: "a trigger that neither takes events nor asks for them",
    manifest: trigger({ webhook: undefined, credential: undefined }),
    says: "spec.webhook: Invalid value: set either webhook or poll",
  },
  {
    what: "a trigger that polls without a token",
    manifest: trigger({
      webhook: undefined,
      poll: { source: "GitHub" },
      credential: undefined,
      actors: { permission: "Any" },
    }),
    says: "spec.credential: Required value: the forge is asked for its events: name a token in credential",
  },
  {
    what: "a trigger that cannot ask for permissions",
    manifest: trigger({ credential: undefined }),
    says: "spec.credential: Required value: the forge is asked whether the sender of an event may write to the repository: name a token in credential, or set actors.permission to Any",
  },
  {
    what: "a report without a token",
    manifest: trigger({ credential: undefined, actors: { permission: "Any" }, report: { comment: true } }),
    says: "spec.credential: Required value: a report is written on the forge: name a token in credential",
  },
  {
    what: "a credential that names nothing",
    manifest: trigger({ credential: { apiURL: "https://github.example.com/api/v3" } }),
    says: "spec.credential.secretRef: Required value: name either the Secret of a token in secretRef, or that of a GitHub App in githubAppRef",
  },
  {
    what: "a credential that is a token and a GitHub App",
    manifest: trigger({ credential: { ...credential, githubAppRef: { name: "app" } } }),
    says: "spec.credential.secretRef: Required value: name either the Secret of a token in secretRef, or that of a GitHub App in githubAppRef",
  },
  ...Object.entries({
    "for another forge": {
      webhook: { ...webhook, source: "GitLab" },
      credential: { githubAppRef: { name: "app" } },
    },
    "with the URL of an API": {
      credential: { githubAppRef: { name: "app" }, apiURL: "https://github.example.com/api/v3" },
    },
  }).map(([what, fields]) => ({
    what: `a GitHub App of a trigger ${what}`,
    manifest: trigger(fields),
    says: "spec.credential.githubAppRef: Forbidden: a GitHub App is of GitHub, which is where its Secret says: leave apiURL out, and name a token in secretRef for another forge",
  })),
  {
    what: "a trigger of no repository",
    manifest: trigger({}, { prompt: "Do it", continueFrom: { pullRequest: true } }),
    says: "spec.repository: Required value: the template names no repository: set repository to the one whose events start runs, such as owner/name",
  },
  {
    what: "a run that is continued twice",
    manifest: trigger(
      { repository: "org/repo" },
      { prompt: "x", continueFrom: { pullRequest: true, run: "a" } },
    ),
    says: "spec.runTemplate.spec.continueFrom: Invalid value: set either run or pullRequest",
  },
  {
    what: "the pull request of an event that has none",
    manifest: manifest("AgentTrigger", {
      webhook: { ...webhook, source: "CloudEvents" },
      runTemplate: { spec: { prompt: "x", continueFrom: { pullRequest: true } } },
    }),
    says: "spec.runTemplate.spec.continueFrom.pullRequest: Forbidden: only events of a forge have a pull request: name a run instead",
  },
  {
    what: "a name that is none on a forge",
    manifest: trigger({ repository: "https://github.com/org/repo" }),
    says: 'spec.repository: Invalid value: "https://github.com/org/repo": must be the repository\'s name on its forge, such as owner/name',
  },
  {
    what: "an account with '@'",
    manifest: trigger({ actors: { users: ["@ann"] } }),
    says: "spec.actors.users[0]: Invalid value: \"@ann\": must be the name of an account, without '@'",
  },
  {
    what: "a template that is no run",
    manifest: trigger({}, { ...run, promptFrom: { configMapKeyRef: { name: "tasks", key: "task" } } }),
    says: "spec.runTemplate.spec.promptFrom: Forbidden: prompt and promptFrom are mutually exclusive",
  },
  {
    what: "a trigger whose name leaves no room for a hash",
    manifest: trigger({}, run, "a".repeat(44)),
    says: "metadata.name: Invalid value: the name of an AgentTrigger must be a DNS label of at most 43 characters: lower case letters, digits and '-', starting and ending with a letter or digit",
  },
];
