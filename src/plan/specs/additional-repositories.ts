import type { Container, EnvVar, Volume, VolumeMount } from "../../kube/builtin.ts";
import type { AdditionalRepository, ResolvedRun } from "../resolved-run.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { gitContainer, gitSteps } from "./git-container.ts";
import { ADDITIONAL_CONTAINERS, runClaimName, TOKEN_CONTAINER } from "./names.ts";
import { RECORD_DIR, REPOSITORIES_DIR, STORE_DIR, STORES_DIR } from "./paths.ts";
import { recordMount, repositoryVolumes } from "./volumes.ts";

// The repositories beside a run's own: each has its own folder, store and record on the claim, and its own volumes with
// its credential, so that no container sees those of two repositories. The containers are those of the run's own repository.

/** The init containers that fetch them and make their checkouts. */
export function additionalContainers(run: ResolvedRun): Container[] {
  return (run.additional ?? []).flatMap((repository) => containersOf(run, repository));
}

function containersOf(run: ResolvedRun, repository: AdditionalRepository): Container[] {
  const { name: place, uid } = run.place ?? run;
  const { name } = repository;
  const { clone, checkout, token } = ADDITIONAL_CONTAINERS;
  const network = networkEnv(run.env, repository);
  const steps = gitSteps({
    names: { alone: `${clone}-${name}`, fetch: `${clone}-${name}`, checkout: `${checkout}-${name}` },
    repository,
    resources: run.gitResources,
    network,
    env: mergeEnv(
      // There are no worktrees, and what a run keeps beside its checkout is the agent's.
      literalEnv({ WORKSPACE_DIR: folderOf(name), WORKTREES_DIR: "/tmp", RUN_DIR: "/tmp" }),
      literalEnv({ STORE_DIR: `${STORES_DIR}/${name}`, RECORD_DIR: `${RECORD_DIR}/${name}` }),
      scriptEnv({
        AGENT_RUN: place,
        AGENT_RUN_UID: uid,
        AGENT_CLAIM: runClaimName(place),
        AGENT_STORAGE_CLASS: run.storage.className,
        AGENT_REPOSITORY_BRANCH: repository.branch,
      }),
    ),
    mounts: [
      { ...storeMount(name), readOnly: true },
      folderMount(name),
      { ...recordMount({ name: `${place}/${name}` }), mountPath: `${RECORD_DIR}/${name}` },
      { name: "git-tmp", mountPath: "/tmp" },
    ],
    container: (own) => gitContainer(run, "git-clone", own),
  });
  return steps.map((container) => ({
    ...container,
    name: container.name === TOKEN_CONTAINER ? `${token}-${name}` : container.name,
    volumeMounts: container.volumeMounts?.map((mount) => apart(mount, name)),
  }));
}

/** What `gitSteps` mounts for the run's own repository, as that of another one. */
function apart(mount: VolumeMount, repository: string): VolumeMount {
  if (mount.mountPath === STORE_DIR) return storeMount(repository);
  const isShared = mount.name === "workspace" || mount.name === "git-tmp";
  return isShared ? mount : { ...mount, name: `${mount.name}-${repository}` };
}

/** The volumes of these containers, which no other container mounts. */
export function additionalVolumes({ additional = [] }: ResolvedRun): Volume[] {
  return additional.flatMap((repository) =>
    repositoryVolumes(repository).map((volume) => ({ ...volume, name: `${volume.name}-${repository.name}` })),
  );
}

function folderOf(name: string): string {
  return `${REPOSITORIES_DIR}/${name}`;
}

/** Each folder is a mount: nothing that an agent writes decides where the next pod mounts it. */
function folderMount(name: string): VolumeMount {
  return { name: "workspace", mountPath: folderOf(name), subPath: `repos/${name}` };
}

function storeMount(name: string): VolumeMount {
  return { name: "workspace", mountPath: `${STORES_DIR}/${name}`, subPath: `stores/${name}` };
}

/** The folders, for containers without any credential, and what they read in place. */
export function additionalMounts(names: readonly string[] = [], access?: "read-only"): VolumeMount[] {
  if (names.length === 0) return [];
  return [
    { name: "workspace", mountPath: STORES_DIR, subPath: "stores", readOnly: true },
    ...names.map((name) => ({ ...folderMount(name), ...(access && { readOnly: true }) })),
  ];
}

/** What a script has to know of them. */
export function additionalEnv(names: readonly string[] = []): EnvVar[] {
  if (names.length === 0) return [];
  return [
    ...literalEnv({ REPOSITORIES_DIR, STORES_DIR }),
    ...scriptEnv({ AGENT_REPOSITORIES: names.join(" ") }),
  ];
}
