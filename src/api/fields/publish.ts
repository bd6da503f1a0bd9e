import { noNul, notBlank } from "../rules/values.ts";
import { apiURL, labelName, oneLine, protectedPath, reviewerName } from "../rules/publish.ts";
import { choice, flag, list, object, text } from "../schema/fields.ts";
import { keyRef, secretNamed } from "./common.ts";
import { branch } from "./git.ts";

/** What the CI of GitHub, GitLab, Gitea, Forgejo, CircleCI, Azure, Bitbucket and Jenkins executes on a push. */
export const CI_DEFINITIONS = [
  ".github/workflows",
  ".github/actions",
  ".gitlab-ci.yml",
  ".gitea/workflows",
  ".forgejo/workflows",
  ".circleci",
  "azure-pipelines.yml",
  ".azure-pipelines",
  "bitbucket-pipelines.yml",
  "Jenkinsfile",
] as const;

/** What repositories are hosted on. */
export const FORGES = ["GitHub", "GitLab", "Gitea"] as const;
export type ForgeKind = (typeof FORGES)[number];

/** `publish.pullRequest` of an AgentRun. */
export const pullRequest = object(
  {
    title: text({
      description: "Title. Default: the first line of the prompt, so that it names no people and no issues.",
      maxLength: 256,
      rules: [notBlank, oneLine],
    }).optional(),
    body: text({
      description:
        "Description. Default: what the agent said at its end, marked as such, so that it names no people, closes no issues and hides nothing.",
      maxLength: 32_768,
      rules: [noNul],
    }).optional(),
    base: branch(
      "Branch that the work is to be merged into. Default: worktree.sourceBranch, else the branch of the repository.",
    ).optional(),
    draft: flag("Whether it is opened as a draft. Default: true.").optional(),
    labels: list(text({ description: "Name of a label.", minLength: 1, maxLength: 50, rules: [labelName] }), {
      description: "Labels that it gets.",
      maxItems: 20,
      type: "set",
    }).optional(),
    reviewers: list(
      text({ description: "Name of a user.", minLength: 1, maxLength: 64, rules: [reviewerName] }),
      {
        description:
          "Users who are asked for a review. On GitHub and Gitea also teams, as organization/team.",
        maxItems: 15,
        type: "set",
      },
    ).optional(),
    forge: choice(
      FORGES,
      "What the repository is hosted on; Gitea also means Forgejo. Default: by the host of its URL, if that is github.com or gitlab.com.",
    ).optional(),
    apiURL: text({
      description:
        "URL of the forge's API. Default: https://api.github.com, or at the host of the repository /api/v3 (GitHub), /api/v4 (GitLab) or /api/v1 (Gitea).",
      maxLength: 1024,
      rules: [apiURL],
    }).optional(),
    tokenSecretRef: keyRef(
      "Secret",
      "Secret key that holds a token of the forge's API. Default: the credential to push with. Required if that is an SSH key.",
    ).optional(),
  },
  {
    description:
      "Opens a pull request (GitLab: merge request) for the branch, or updates the title and the description of the one that is open for it.",
  },
);

/** `publish` of an AgentRun. */
export const publish = object(
  {
    branch: branch(
      "Branch of the remote to push to. It is created if it does not exist, and only moved forward. Default: worktree.branch, else agent/<run>. Only if you name it here can it be the branch that the work starts from.",
    ).optional(),
    when: choice(
      ["Committed", "Changed"],
      "Committed: the commits on the branch that is checked out at the end. Changed: also what is not committed, as one more commit. Default: Committed.",
    ).optional(),
    credentialsSecretRef: keyRef(
      "Secret",
      "Secret key that holds the credential to push with, in one of the forms of repository.credentialsSecretRef. Neither the agent nor any container with its files gets it. Required without githubAppRef.",
    ).optional(),
    githubAppRef: secretNamed(
      "Secret with a GitHub App, as in repository.githubAppRef. The Job that publishes gets a token of it for this one repository, which can write its contents and, if they are asked for, pull requests; workflows too if protectedPaths lets them through. Excludes credentialsSecretRef.",
    ).optional(),
    protectedPaths: list(
      text({
        description: "A path from the top of the repository, or a pattern.",
        minLength: 1,
        maxLength: 255,
        rules: [protectedPath],
      }),
      {
        description:
          "Files and folders that no published commit may change. `*` and `?` match within a name, `**` matches any folders, and a folder includes everything in it. Case and Unicode form do not matter. Default: the CI definitions of the known forges, because a push that changes them can steal the forge's secrets. An empty list allows everything.",
        maxItems: 64,
        type: "set",
      },
    ).optional(),
    commitMessage: text({
      description:
        "Message of the commit that holds what the agent has not committed. Only with when Changed. Default: Work of AgentRun <run>.",
      maxLength: 4096,
      rules: [notBlank, noNul],
    }).optional(),
    pullRequest: pullRequest.optional(),
  },
  {
    description:
      "Pushes the work to the repository's remote once the agent has succeeded. Its own Job does it, named <run>-publish.",
  },
);
