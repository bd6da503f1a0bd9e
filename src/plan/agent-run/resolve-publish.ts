import { CI_DEFINITIONS } from "../../api/fields/publish.ts";
import { timeOf } from "../../kube/time.ts";
import { resolveRepository } from "../repository.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import { workspaceClaimName } from "../specs/names.ts";
import { effectiveDefaults, effectiveEnv } from "./effective.ts";
import type { ObservedRun } from "./observed.ts";

/** The branch of the remote that a run's work goes to. */
export function publishedBranch({ metadata, spec }: ObservedRun["run"]): string {
  return spec.publish?.branch ?? spec.worktree?.branch ?? `agent/${metadata.name}`;
}

/** What the Job needs that publishes a run; undefined if its workspace is gone, and with it the work. */
export function resolvePublish(observed: ObservedRun): ResolvedPublish | undefined {
  const { run, references, defaults: operator, now } = observed;
  const { metadata, spec, status } = run;
  const { publish } = spec;
  const { workspace } = references;
  const repository = spec.repository ?? workspace?.spec.repository;
  if (!publish || !repository) return undefined;
  const { namespace = "", name = "", uid = "" } = metadata;
  const defaults = effectiveDefaults(observed);
  const seconds = Math.floor(timeOf(status?.agentEndedAt, now) / 1000);
  return {
    run: { namespace, name, uid },
    repository: {
      ...resolveRepository(repository),
      credentials: publish.credentialsSecretRef,
      exposeCredentialsToAgent: false,
    },
    workspace: workspace && {
      name: workspace.metadata.name ?? "",
      claimName: workspaceClaimName(workspace.metadata.name ?? ""),
      accessMode: workspace.spec.accessMode ?? "ReadWriteMany",
    },
    worktree: spec.worktree && { branch: spec.worktree.branch },
    branch: publishedBranch(run),
    isNamed: publish.branch !== undefined,
    base: spec.worktree?.sourceBranch ?? repository.branch,
    protectedPaths: publish.protectedPaths ?? CI_DEFINITIONS,
    commit:
      publish.when === "Changed"
        ? {
            ...defaults.gitIdentity.value,
            message: publish.commitMessage ?? `Work of AgentRun ${name}`,
            seconds,
          }
        : undefined,
    env: effectiveEnv(observed, undefined).map(({ value }) => value),
    gitImage: operator.gitImage,
    gitResources: defaults.gitResources.value,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    runtimeClassName: defaults.runtimeClassName?.value,
    priorityClassName: defaults.priorityClassName?.value,
    imagePullSecrets: defaults.imagePullSecrets?.value,
    podSecurityContext: defaults.podSecurityContext?.value,
  };
}
