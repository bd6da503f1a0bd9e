import { choice, flag, list, object, text } from "../schema/fields.ts";
import {
  branchName,
  branchSize,
  commitId,
  MAX_BRANCH_BYTES,
  noPasswordInUrl,
  repositoryUrl,
} from "../rules/git.ts";
import { commitName, emailAddress } from "../rules/values.ts";
import { githubAppRules, onlyGithubAppRules } from "../rules/github-app.ts";
import { dnsLabel } from "../rules/names.ts";
import { keyRef, secretNamed } from "./common.ts";

/** A branch name. */
export function branch(description: string) {
  return text({ description, maxLength: MAX_BRANCH_BYTES, rules: [branchName, branchSize] });
}

const url = text({
  description:
    "URL that git fetches from: https://, http://, ssh:// (also git+ssh:// and ssh+git://), git:// or file:// with a path, or user@host:path. Without a password.",
  maxLength: 2048,
  rules: [repositoryUrl, noPasswordInUrl],
});

const access = {
  credentialsSecretRef: keyRef(
    "Secret",
    "Secret key that holds the git credential: a token, user:token, a line of a git credential store, or an SSH private key. The operator recognises the form. For SSH, the key known_hosts of the same Secret can hold the host keys.",
  ).optional(),
  githubAppRef: secretNamed(
    "Secret with a GitHub App, as Flux has it: githubAppID, githubAppInstallationID, githubAppPrivateKey, and githubAppBaseURL if that is not github.com. Each pod that fetches gets a token of the App for this one repository, which can only read its contents. Excludes credentialsSecretRef and exposeCredentialsToAgent.",
  ).optional(),
  caBundleRef: keyRef(
    "ConfigMap",
    "ConfigMap key that holds the PEM certificates of a private authority that signed the remote's certificate.",
  ).optional(),
  submodules: flag("Whether git checks out submodules too. Default: false.").optional(),
  exposeCredentialsToAgent: flag(
    "Whether the agent itself can use the credentials, to fetch and push. Default: false, only the git containers can.",
  ).optional(),
};

/** `repository` of an AgentRun. */
export const runRepository = object(
  {
    url,
    branch: branch("Branch to check out. Default: the remote's own.").optional(),
    commit: text({
      description: "Commit to check out, by its id; overrides branch.",
      maxLength: 64,
      rules: [commitId],
    }).optional(),
    ...access,
  },
  {
    description: "Git repository that the run clones for itself. Required without workspaceRef.",
    rules: githubAppRules,
  },
);

/** Leaves room for the names of its containers and volumes. */
const MAX_ADDITIONAL_NAME = 40;

const { credentialsSecretRef, githubAppRef, caBundleRef } = access;

/** `additionalRepositories` of an AgentRun. */
export const additionalRepositories = list(
  object(
    {
      name: text({
        description: "Name of the repository. Its folder is /workspace-repos/<name>.",
        minLength: 1,
        maxLength: MAX_ADDITIONAL_NAME,
        rules: [dnsLabel],
      }),
      url,
      branch: branch("Branch to check out. Default: the remote's own.").optional(),
      credentialsSecretRef,
      githubAppRef: githubAppRef
        .unwrap()
        .describe("Secret with a GitHub App, as in repository.githubAppRef. Excludes credentialsSecretRef.")
        .optional(),
      caBundleRef,
    },
    { description: "One repository.", rules: onlyGithubAppRules },
  ),
  {
    description:
      "Further repositories that setup and the agent see and can change, at /workspace-repos/<name>. What the agent changes there is kept as a patch for each and never published. The verification has them as they were fetched. Each is fetched with its own credential, one commit deep. Excludes workspaceRef. A run with continueFrom has those of the run that it continues.",
    minItems: 1,
    maxItems: 8,
    type: "map",
    keys: ["name"],
  },
);

/** `repository` of an AgentWorkspace. */
export const workspaceRepository = object(
  {
    url: url.describe(
      "URL that git fetches from: https://, http://, ssh:// (also git+ssh:// and ssh+git://), git:// or file:// with a path, or user@host:path. Without a password. Cannot be changed once the workspace is Ready.",
    ),
    branch: branch(
      "Branch to check out in /workspace. Default: the remote's own. Cannot be changed once the workspace is Ready.",
    ).optional(),
    ...access,
  },
  { description: "Git repository that all runs of the workspace share.", rules: githubAppRules },
);

/** `worktree` of an AgentRun. */
export const worktree = object(
  {
    branch: branch(
      "Branch of the worktree. It is created if it does not exist. Only one run at a time can use a branch.",
    ),
    sourceBranch: branch(
      "Branch that a new branch starts from: the remote's newest commit of it, or a branch that another run of the workspace has made. Default: the branch of the repository.",
    ).optional(),
    onBusy: choice(
      ["Fail", "Queue"],
      "What the run does while another run of the workspace has its branch: it fails with BranchInUse, or waits as Queued, oldest first. Queue only with workspaceRef. Default: Fail.",
    ).optional(),
    cleanup: choice(
      ["Never", "OnSuccess", "OnDelete"],
      "When the worktree is removed from its workspace: never, once the run has succeeded, or when the run is deleted. Its branch stays, and so does a worktree with work that no branch has, unless the annotation agent.xonovex.com/cleanup is Force. Only with workspaceRef. Default: Never.",
    ).optional(),
  },
  {
    description:
      "Makes the agent work in a git worktree on its own branch, at /workspace-wt/<run>. Required with workspaceRef.",
  },
);

/** Who commits. */
export const gitIdentity = object(
  {
    name: text({ description: "Name of the author.", maxLength: 128, rules: [commitName] }),
    email: text({
      description: "E-mail address of the author.",
      maxLength: 254,
      rules: [emailAddress],
    }),
  },
  {
    description:
      "Author and committer of the agents' commits. Default: Agent Operator <agent-operator@localhost>.",
  },
);
