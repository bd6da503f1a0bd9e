import { quote } from "../../../src/kube/go-text.ts";
import { run, type Fields, type RefusedManifest } from "./manifest.ts";

const credentialsSecretRef = { name: "push", key: "token" };

function published(fields: Fields, name?: string): RefusedManifest["manifest"] {
  return run({ publish: { credentialsSecretRef, ...fields } }, name);
}

const PATH =
  "must be a path from the top of the repository, such as .github/workflows or **/Jenkinsfile: no '/' at its start, no '.' or '..' as a name, no '\\'";

const NO_CREDENTIAL =
  "publish needs a credential of its own: name either the Secret of a token in credentialsSecretRef, or that of a GitHub App in githubAppRef";
const NOT_GITHUB =
  "a GitHub App is for a repository with an https URL, such as https://github.com/owner/name";

export const publishing: RefusedManifest[] = [
  {
    what: "a publication without a credential",
    manifest: run({ publish: {} }),
    says: `spec.publish.credentialsSecretRef: Required value: ${NO_CREDENTIAL}`,
  },
  {
    what: "a publication with two credentials",
    manifest: published({ githubAppRef: { name: "app" } }),
    says: `spec.publish.credentialsSecretRef: Required value: ${NO_CREDENTIAL}`,
  },
  {
    what: "a GitHub App for what is not reached by http",
    manifest: run({
      repository: { url: "git@github.com:org/repo.git" },
      publish: { githubAppRef: { name: "app" } },
    }),
    says: `spec.publish.githubAppRef: Invalid value: ${NOT_GITHUB}`,
  },
  ...[
    { forge: "GitLab" },
    { apiURL: "https://git.example.com/api/v3" },
    { tokenSecretRef: credentialsSecretRef },
  ].map((pullRequest) => ({
    what: `a GitHub App whose pull request has ${JSON.stringify(pullRequest)}`,
    manifest: run({ publish: { githubAppRef: { name: "app" }, pullRequest } }),
    says: "spec.publish.pullRequest: Forbidden: with githubAppRef the pull request is opened by the App, where its Secret says: leave apiURL and tokenSecretRef out, and forge too unless it is GitHub",
  })),
  {
    what: "a message for a commit that is never made",
    manifest: published({ commitMessage: "x" }),
    says: "spec.publish.commitMessage: Forbidden: only uncommitted changes need a message, and they are published only with when: Changed; set that, or leave commitMessage out",
  },
  {
    what: "a published run whose Job would have too long a name",
    manifest: published({}, "a".repeat(56)),
    says: `metadata.name: Invalid value: the name of an AgentRun with verify or publish must have at most 55 characters: its Jobs are named <run>-verify and <run>-publish`,
  },
  {
    what: "a verification without a command",
    manifest: run({ verify: { command: [] } }),
    says: "spec.verify.command: Invalid value: 0: spec.verify.command in body should have at least 1 items",
  },
  {
    what: "a gate that is none",
    manifest: run({ verify: { command: ["make"], gate: "Maybe" } }),
    says: 'spec.verify.gate: Unsupported value: "Maybe": supported values: "Strict", "NoRegression", "Informational"',
  },
  ...["/etc", "a/../b", "..", "./a", "a//b", "a/.", "a\nb", "a\\b", " a", "a\u200b"].map((path) => ({
    what: `a protected path of ${JSON.stringify(path)}`,
    manifest: published({ protectedPaths: [path] }),
    says: `spec.publish.protectedPaths[0]: Invalid value: ${quote(path)}: ${PATH}`,
  })),
];
