import { noNul, notBlank } from "../rules/values.ts";
import { protectedPath } from "../rules/publish.ts";
import { choice, list, object, text } from "../schema/fields.ts";
import { keyRef } from "./common.ts";
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
      "Secret key that holds the credential to push with, in one of the forms of repository.credentialsSecretRef. Neither the agent nor any container with its files gets it.",
    ),
    protectedPaths: list(
      text({
        description: "A path from the top of the repository, or a pattern.",
        minLength: 1,
        maxLength: 255,
        rules: [protectedPath],
      }),
      {
        description:
          "Files and folders that no published commit may change. `*` and `?` match within a name, `**` any folders, and a folder stands for all in it. Case and Unicode form do not matter. Default: the CI definitions of the known forges, because a push that changes them can take the forge's secrets. An empty list allows everything.",
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
  },
  {
    description:
      "Pushes the work to the repository's remote once the agent has succeeded. A Job of its own does it, named <run>-publish.",
  },
);
