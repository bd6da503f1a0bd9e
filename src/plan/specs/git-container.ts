import type {
  Container,
  EnvVar,
  LocalKeyRef,
  ResourceRequirements,
  VolumeMount,
} from "../../kube/builtin.ts";
import type { ResolvedRepository, ResolvedRun } from "../resolved-run.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { tokenContainer } from "./forge-container.ts";
import {
  GIT_CHECKOUT_CONTAINER,
  GIT_CLONE_CONTAINER,
  GIT_FETCH_CONTAINER,
  GIT_WORKTREE_CONTAINER,
  runClaimName,
} from "./names.ts";
import {
  GIT_CA_DIR,
  GIT_CREDENTIALS_DIR,
  GIT_KNOWN_HOSTS_DIR,
  RECORD_DIR,
  LOCKS_DIR,
  RUN_DIR,
  STORE_DIR,
  TERMINATION_LOG,
  WORKSPACE_DIR,
  WORKTREES_DIR,
} from "./paths.ts";
import { CONTRACT, type Script, scriptPath, SCRIPTS_TARGET_DIR } from "./scripts.ts";
import { containerSecurity } from "./security.ts";
import { withSettings } from "./settings.ts";
import {
  fetchMounts,
  hasCredential,
  lockMount,
  recordMount,
  repositoryMounts,
  repositoryOf,
  scriptsTargetMount,
  workspaceMounts,
} from "./volumes.ts";

/** The init containers that make the checkout, or only a worktree of a workspace's checkout. */
export function buildGitContainers(run: ResolvedRun): Container[] {
  const script = run.workspace ? "git-worktree" : "git-clone";
  const names = run.workspace
    ? { alone: GIT_WORKTREE_CONTAINER, fetch: GIT_FETCH_CONTAINER, checkout: GIT_WORKTREE_CONTAINER }
    : { alone: GIT_CLONE_CONTAINER, fetch: GIT_CLONE_CONTAINER, checkout: GIT_CHECKOUT_CONTAINER };
  return gitSteps({
    names,
    repository: repositoryOf(run),
    resources: run.gitResources,
    network: networkEnv(run.env, repositoryOf(run)),
    checkoutEnv: scriptEnv({ AGENT_SCRIPTS_TARGET: SCRIPTS_TARGET_DIR }),
    env: gitEnv(run),
    mounts: [
      ...workspaceMounts(run),
      recordMount(run.place ?? run),
      ...(run.workspace ? [lockMount] : []),
      { name: "git-tmp", mountPath: "/tmp" },
      scriptsTargetMount,
    ],
    container: (own) => gitContainer(run, script, own),
  });
}

/** What is fetched and checked out, and how its containers are made. */
export interface GitSteps {
  /** Of the only container, of that which fetches with credentials, and of that which has the checkout. */
  names: { alone: string; fetch: string; checkout: string };
  repository: ResolvedRepository | undefined;
  /** How the network is reached. */
  network: EnvVar[];
  env: EnvVar[];
  /** For the container that has the checkout. */
  checkoutEnv?: EnvVar[];
  resources: ResourceRequirements;
  /** With what an agent writes. */
  mounts: VolumeMount[];
  container: (own: Pick<Container, "name" | "env" | "volumeMounts">) => Container;
}

/**
 * One container fetches and checks out. With credentials there are two: the one that has them mounts
 * nothing that an agent writes, and the one that mounts what agents write has no credential.
 */
export function gitSteps(steps: GitSteps): Container[] {
  const { names, repository, network, env, checkoutEnv = [], mounts, resources, container } = steps;
  const places = mergeEnv(literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }), rootsEnv());
  const remote = [...network, ...places, ...remoteEnv(repository)];
  if (!repository || !hasCredential(repository)) {
    const access = repositoryMounts(repository);
    return [
      container({
        name: names.alone,
        env: mergeEnv(remote, env, checkoutEnv),
        volumeMounts: [...mounts, ...access],
      }),
    ];
  }
  const step = (name: "fetch" | "checkout"): EnvVar[] => scriptEnv({ AGENT_GIT_STEP: name });
  return [
    ...(repository.githubApp
      ? [tokenContainer(repository.githubApp, { resources, network, repository })]
      : []),
    container({
      name: names.fetch,
      env: mergeEnv(remote, env, step("fetch")),
      volumeMounts: fetchMounts(repository),
    }),
    container({
      name: names.checkout,
      env: mergeEnv(
        places,
        scriptEnv({ AGENT_REPOSITORY_URL: repository.url }),
        env,
        checkoutEnv,
        step("checkout"),
      ),
      volumeMounts: mounts,
    }),
  ];
}

/** A container that runs one of the git scripts, with what all of them are given. */
export function gitContainer(
  { gitImage: image, gitResources: resources }: Pick<ResolvedRun, "gitImage" | "gitResources">,
  script: Script,
  own: Pick<Container, "name" | "env" | "volumeMounts">,
): Container {
  return withSettings({
    image,
    command: [scriptPath(script)],
    resources,
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
    terminationMessagePath: TERMINATION_LOG,
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...own,
  });
}

/** Where the parts of the claim are, for every script. */
export function rootsEnv(): EnvVar[] {
  return [
    ...literalEnv({ WORKSPACE_DIR, WORKTREES_DIR, RUN_DIR, RECORD_DIR, STORE_DIR, LOCKS_DIR }),
    ...scriptEnv({ AGENT_TERMINATION_LOG: TERMINATION_LOG, AGENT_CONTRACT: CONTRACT }),
    ...literalEnv({ GIT_TERMINAL_PROMPT: "0" }),
  ];
}

/** What a script needs to reach the remote; only paths of credentials, never their values. */
export function remoteEnv(repository: ResolvedRepository | undefined): EnvVar[] {
  return scriptEnv({
    AGENT_REPOSITORY_URL: repository?.url,
    AGENT_GIT_CREDENTIALS: hasCredential(repository) ? GIT_CREDENTIALS_DIR : undefined,
    AGENT_GIT_CREDENTIALS_NAME: repository?.githubApp
      ? `the GitHub App of Secret ${repository.githubApp.secret}`
      : describeKey(repository?.credentials),
    AGENT_GIT_KNOWN_HOSTS: repository?.credentials ? GIT_KNOWN_HOSTS_DIR : undefined,
    AGENT_GIT_CA: repository?.caBundle ? GIT_CA_DIR : undefined,
  });
}

function describeKey(key: LocalKeyRef | undefined): string | undefined {
  return key && `Secret ${key.name}, key ${key.key}`;
}

function gitEnv(run: ResolvedRun): EnvVar[] {
  const repository = repositoryOf(run);
  const { name, uid } = run.place ?? run;
  return scriptEnv({
    AGENT_RUN: name,
    AGENT_RUN_UID: uid,
    AGENT_CLAIM: run.workspace?.claimName ?? runClaimName(name),
    AGENT_STORAGE_CLASS: run.workspace ? undefined : run.storage.className,
    AGENT_REPOSITORY_BRANCH: repository?.branch,
    AGENT_REPOSITORY_COMMIT: repository?.commit,
    AGENT_REPOSITORY_SUBMODULES: repository?.submodules ? "true" : undefined,
    AGENT_WORKTREE_BRANCH: run.worktree?.branch,
    AGENT_WORKTREE_SOURCE: run.worktree?.sourceBranch,
    AGENT_WORKTREE_RELEASED: run.worktree?.releasedBy?.join(" "),
  });
}
