import { agentNamed } from "../../agents/registry.ts";
import { CI_DEFINITIONS } from "../../api/fields/publish.ts";
import { parseDuration } from "../../kube/duration.ts";
import { timeOf } from "../../kube/time.ts";
import { placeOf } from "../place.ts";
import { resolveRepository } from "../repository.ts";
import type { ResolvedPublish, ResolvedVerify } from "../resolved-publish.ts";
import { withCaches } from "../specs/caches.ts";
import { forgeAddress } from "../forge-address.ts";
import { githubAppFor, publishPermissions } from "../github-app.ts";
import { neutralBlock, neutralTitle } from "../neutral-text.ts";
import { verifiable } from "../specs/user-volumes.ts";
import { networkEnv } from "../specs/env.ts";
import { workspaceClaimName } from "../specs/names.ts";
import { cachesOf, effectiveDefaults, effectiveEnv, podFieldsOf } from "./effective.ts";
import type { ObservedRun } from "./observed.ts";
import { volumesOf } from "./run-volumes.ts";
import { resolveSetup } from "./resolve-setup.ts";

/** The branch of the remote that a run's work goes to. */
export function publishedBranch(run: ObservedRun["run"]): string {
  return run.spec.publish?.branch ?? run.spec.worktree?.branch ?? `agent/${placeOf(run).name}`;
}

/** Commits of that branch that the operator has published for this work: of the runs in its checkout, and of the workspace's branch. */
function publishedBefore({ run, references, step }: ObservedRun): string[] {
  const branch = publishedBranch(run);
  const onBranch = (references.workspaceRuns ?? []).filter(
    ({ spec }) => spec.worktree?.branch === run.spec.worktree?.branch,
  );
  const others = [...onBranch, ...(step?.runsOfPlace ?? [])].map(({ status }) => status?.published);
  const commits = [...others, run.status?.continued?.published, run.status?.published].flatMap((published) =>
    published?.branch === branch ? [published.commit] : [],
  );
  return [...new Set(commits)].slice(-MAX_PUBLISHED);
}

/** As many as anybody would look for. */
const MAX_PUBLISHED = 64;

/** What every step's Job needs; undefined if the run's workspace is gone, and with it the work. */
function resolveStep(observed: ObservedRun) {
  const { run, references, defaults: operator, now } = observed;
  const { metadata, spec, status } = run;
  const { workspace } = references;
  const repository = spec.repository ?? workspace?.spec.repository;
  if (!repository) return undefined;
  const { namespace = "", name = "", uid = "" } = metadata;
  const defaults = effectiveDefaults(observed);
  const seconds = Math.floor(timeOf(status?.agentEndedAt, now) / 1000);
  const message = spec.publish?.commitMessage ?? `Work of AgentRun ${name}`;
  const common = {
    run: { namespace, name, uid },
    ...(status?.continued && { place: placeOf(run) }),
    workspace: workspace && {
      name: workspace.metadata.name ?? "",
      claimName: workspaceClaimName(workspace.metadata.name ?? ""),
      accessMode: workspace.spec.accessMode ?? "ReadWriteMany",
    },
    worktree: spec.worktree && { branch: spec.worktree.branch },
    commit:
      spec.publish?.when === "Changed" ? { ...defaults.gitIdentity.value, message, seconds } : undefined,
    caBundle: defaults.caBundle?.value,
    gitImage: operator.gitImage,
    gitResources: defaults.gitResources.value,
    pod: podFieldsOf(defaults),
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    runtimeClassName: defaults.runtimeClassName?.value,
    priorityClassName: defaults.priorityClassName?.value,
    imagePullSecrets: defaults.imagePullSecrets?.value,
    podSecurityContext: defaults.podSecurityContext?.value,
  };
  return { common, defaults, repository, env: effectiveEnv(observed, undefined).map(({ value }) => value) };
}

/** What the Job needs that publishes a run. */
export function resolvePublish(observed: ObservedRun): ResolvedPublish | undefined {
  const { run } = observed;
  const { publish, worktree } = run.spec;
  const step = resolveStep(observed);
  if (!publish || !step) return undefined;
  const { common, repository, env } = step;
  const { operatorImage } = observed.defaults;
  const protectedPaths = publish.protectedPaths ?? CI_DEFINITIONS;
  const app = publish.githubAppRef && { secret: publish.githubAppRef.name, image: operatorImage };
  return {
    ...common,
    repository: {
      ...resolveRepository(repository, observed.defaults),
      credentials: publish.credentialsSecretRef,
      githubApp:
        app &&
        githubAppFor(
          repository.url,
          app,
          publishPermissions(protectedPaths, publish.pullRequest !== undefined),
        ),
      exposeCredentialsToAgent: false,
    },
    branch: publishedBranch(run),
    isNamed: publish.branch !== undefined,
    base: worktree?.sourceBranch ?? repository.branch,
    protectedPaths,
    published: publishedBefore(observed),
    verified: run.status?.verification?.commit,
    pullRequest: resolvePullRequest(run, repository),
    operatorImage,
    env,
  };
}

type Repository = NonNullable<ReturnType<typeof resolveStep>>["repository"];

/** The pull request for a run's work; undefined if none is wanted, or its forge is not known. */
function resolvePullRequest(run: ObservedRun["run"], repository: Repository): ResolvedPublish["pullRequest"] {
  const { metadata, spec, status } = run;
  const wanted = spec.publish?.pullRequest;
  const isApp = spec.publish?.githubAppRef !== undefined;
  const address = wanted && forgeAddress(repository.url, isApp ? { forge: "GitHub" } : wanted);
  if (!address) return undefined;
  const { name = "", namespace = "" } = metadata;
  const said = neutralBlock(status?.result?.text ?? "");
  const body =
    wanted.body ?? (said === "" ? "The agent left no message." : `The agent's last message:\n\n${said}`);
  return {
    ...address,
    ...(isApp && { isApp }),
    branch: publishedBranch(run),
    base: wanted.base ?? spec.worktree?.sourceBranch ?? repository.branch,
    title: wanted.title ?? (neutralTitle(spec.prompt ?? "") || `Work of AgentRun ${name}`),
    body: `${body}\n\n---\nAgentRun \`${name}\` in namespace \`${namespace}\`, by Agent Operator.\n`.trimStart(),
    keepTitle: wanted.title === undefined,
    keepBody: wanted.body === undefined && said === "",
    draft: wanted.draft ?? true,
    labels: wanted.labels ?? [],
    reviewers: wanted.reviewers ?? [],
    token: wanted.tokenSecretRef,
  };
}

/** What the Job needs that judges a run's work, or what that started from. */
export function resolveVerify(
  observed: ObservedRun,
  which: ResolvedVerify["step"],
): ResolvedVerify | undefined {
  const { verify } = observed.run.spec;
  const step = resolveStep(observed);
  if (!verify || !step) return undefined;
  const { common, defaults, repository, env } = step;
  const caches = cachesOf(defaults, verify.caches ?? []);
  return {
    ...common,
    step: which,
    queueName: observed.run.spec.queueName,
    attempt: attemptOf(observed.run),
    additional: observed.run.spec.additionalRepositories?.map(({ name }) => name),
    setup: resolveSetup(observed, defaults),
    services: observed.run.spec.services,
    caches,
    volumes: verifiable(volumesOf(observed.run, observed.references.config)),
    pod: withCaches(common.pod, caches),
    command: verify.command,
    image: verify.image ?? defaults.image.value,
    timeoutSeconds: verifyTimeoutSeconds(observed.run),
    resources:
      verify.resources ??
      defaults.resources?.value ??
      agentNamed(observed.run.status?.agent ?? "")?.resources,
    env: verify.env ?? [],
    network: networkEnv(env, resolveRepository(repository, observed.defaults)),
  };
}

/** Which attempt of the agent a verification is of. */
export function attemptOf({ status }: ObservedRun["run"]): string {
  return String((status?.attempts?.at(-1)?.number ?? 0) + 1);
}

const VERIFY_TIMEOUT_SECONDS = 1800;

/** How long the command that judges a run's work may take. */
export function verifyTimeoutSeconds({ spec }: ObservedRun["run"]): number {
  return parseDuration(spec.verify?.timeout ?? "") ?? VERIFY_TIMEOUT_SECONDS;
}
