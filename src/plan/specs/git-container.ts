import type { Container, EnvVar } from "../../kube/builtin.ts";
import type { ResolvedRepository, ResolvedRun } from "../resolved-run.ts";
import { literalEnv, mergeEnv, networkEnv } from "./env.ts";
import { GIT_CLONE_CONTAINER, GIT_WORKTREE_CONTAINER, runClaimName } from "./names.ts";
import {
  GIT_CA_DIR,
  GIT_CREDENTIALS_DIR,
  GIT_KNOWN_HOSTS_DIR,
  RECORD_DIR,
  RUN_DIR,
  TERMINATION_LOG,
  WORKSPACE_DIR,
  WORKTREES_DIR,
} from "./paths.ts";
import { CONTRACT, type Script, scriptPath, SCRIPTS_TARGET_DIR } from "./scripts.ts";
import { containerSecurity } from "./security.ts";
import { recordMount, repositoryMounts, repositoryOf, workspaceMounts } from "./volumes.ts";

/** The init container that makes the checkout, or only a worktree of a workspace's checkout. */
export function buildGitContainer(run: ResolvedRun): Container {
  return gitContainer(run, run.workspace ? "git-worktree" : "git-clone", {
    name: run.workspace ? GIT_WORKTREE_CONTAINER : GIT_CLONE_CONTAINER,
    env: gitEnv(run),
    volumeMounts: [
      ...workspaceMounts(run),
      recordMount(run),
      { name: "git-tmp", mountPath: "/tmp" },
      { name: "scripts", mountPath: SCRIPTS_TARGET_DIR },
      ...repositoryMounts(repositoryOf(run)),
    ],
  });
}

/** A container that runs one of the git scripts, with what all of them are given. */
export function gitContainer(
  { gitImage: image, gitResources: resources }: Pick<ResolvedRun, "gitImage" | "gitResources">,
  script: Script,
  own: Pick<Container, "name" | "env" | "volumeMounts">,
): Container {
  return {
    image,
    command: [scriptPath(script)],
    resources,
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...own,
  };
}

/** Where the parts of the claim are, for every script. */
export function rootsEnv(): EnvVar[] {
  return literalEnv({
    WORKSPACE_DIR,
    WORKTREES_DIR,
    RUN_DIR,
    RECORD_DIR,
    AGENT_TERMINATION_LOG: TERMINATION_LOG,
    AGENT_CONTRACT: CONTRACT,
    GIT_TERMINAL_PROMPT: "0",
  });
}

/** What a script needs to reach the remote; only paths of credentials, never their values. */
export function remoteEnv(repository: ResolvedRepository | undefined): EnvVar[] {
  return literalEnv({
    AGENT_REPOSITORY_URL: repository?.url,
    AGENT_GIT_CREDENTIALS: repository?.credentials ? GIT_CREDENTIALS_DIR : undefined,
    AGENT_GIT_KNOWN_HOSTS: repository?.credentials ? GIT_KNOWN_HOSTS_DIR : undefined,
    AGENT_GIT_CA: repository?.caBundle ? GIT_CA_DIR : undefined,
  });
}

function gitEnv(run: ResolvedRun): EnvVar[] {
  const repository = repositoryOf(run);
  return mergeEnv(
    networkEnv(run.env),
    literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
    rootsEnv(),
    remoteEnv(repository),
    literalEnv({
      AGENT_SCRIPTS_TARGET: SCRIPTS_TARGET_DIR,
      AGENT_RUN: run.name,
      AGENT_RUN_UID: run.uid,
      AGENT_CLAIM: run.workspace?.claimName ?? runClaimName(run.name),
      AGENT_STORAGE_CLASS: run.workspace ? undefined : run.storage.className,
      AGENT_REPOSITORY_BRANCH: repository?.branch,
      AGENT_REPOSITORY_COMMIT: repository?.commit,
      AGENT_REPOSITORY_SUBMODULES: repository?.submodules ? "true" : undefined,
      AGENT_WORKTREE_BRANCH: run.worktree?.branch,
      AGENT_WORKTREE_SOURCE: run.worktree?.sourceBranch,
      AGENT_WORKTREE_RELEASED: run.worktree?.releasedBy?.join(" "),
    }),
  );
}
