import type { Container, Job, Volume } from "../../kube/builtin.ts";
import type { ResolvedPublish } from "../resolved-publish.ts";
import { literalEnv, mergeEnv, networkEnv, scriptEnv } from "./env.ts";
import { pullRequestContainer, pullRequestVolumes, tokenContainer } from "./forge-container.ts";
import { gitContainer, remoteEnv } from "./git-container.ts";
import { stepLabels } from "./labels.ts";
import { PACK_CONTAINER, PUSH_CONTAINER, stepJobName } from "./names.ts";
import { ownedByRun } from "./owner.ts";
import { HANDOVER_DIR, PUSHED_DIR, TERMINATION_LOG } from "./paths.ts";
import { CONTRACT } from "./scripts.ts";
import { trusting } from "./authorities.ts";
import { podMetadata } from "./pod-fields.ts";
import { podSecurity } from "./security.ts";
import { claimMounts, snapshotEnv, stepPlacement } from "./step-pod.ts";
import { claimVolume, privateTmpMount, repositoryMounts, repositoryVolumes } from "./volumes.ts";
import { endedByExitOf, PERMANENT_EXIT_CODES } from "./workspace-pod.ts";

/** From the creation of the Job, with all its pods. */
export const PUBLISH_DEADLINE_SECONDS = 900;

/** What pack hands over, and a little room. */
const HANDOVER_SIZE = "1Gi";

/**
 * The Job that pushes what a run has come to. `pack` has what an agent wrote and no credential, `push` has the credential
 * and nothing of an agent's but the one file that `pack` has left.
 */
export function buildPublishJob(publish: ResolvedPublish): Job {
  return trusting(jobOf(publish), publish);
}

function jobOf(publish: ResolvedPublish): Job {
  const { run, workspace } = publish;
  const labels = stepLabels({ ...run, workspace }, "publish");
  const { initContainers, containers } = containersOf(publish);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: stepJobName(run.name, "publish"),
      namespace: run.namespace,
      labels,
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: PUBLISH_DEADLINE_SECONDS,
      podFailurePolicy: endedByExitOf(
        [...initContainers.map(({ name }) => name), ...containers.map(({ name }) => name)],
        PERMANENT_EXIT_CODES,
      ),
      template: {
        metadata: podMetadata(labels, publish.pod),
        spec: {
          restartPolicy: "Never",
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          securityContext: podSecurity(publish.podSecurityContext),
          ...stepPlacement(publish),
          initContainers,
          containers,
          volumes: volumesOf(publish),
        },
      },
    },
  };
}

/** One after the other. */
function containersOf(publish: ResolvedPublish): Record<"initContainers" | "containers", Container[]> {
  const { env, gitResources: resources, pullRequest, repository } = publish;
  const network = networkEnv(env, repository);
  const token =
    repository.githubApp && tokenContainer(repository.githubApp, { resources, network, repository });
  const first = [packContainer(publish), ...(token ? [token] : [])];
  const push = pushContainer(publish);
  return pullRequest
    ? { initContainers: [...first, push], containers: [pullRequestContainer(publish, pullRequest)] }
    : { initContainers: first, containers: [push] };
}

/** With the claim, which it can only read. */
function packContainer(publish: ResolvedPublish): Container {
  return gitContainer(publish, "git-pack", {
    name: PACK_CONTAINER,
    env: snapshotEnv(publish, { AGENT_HANDOVER: HANDOVER_DIR, AGENT_PUBLISH_COMMIT: publish.verified }),
    volumeMounts: [
      ...claimMounts(publish.place ?? publish.run),
      { name: "handover", mountPath: HANDOVER_DIR },
      { name: "tmp", mountPath: "/tmp" },
    ],
  });
}

/** With the credential, and without the claim. */
function pushContainer(publish: ResolvedPublish): Container {
  const { repository } = publish;
  return gitContainer(publish, "git-push", {
    name: PUSH_CONTAINER,
    env: mergeEnv(
      networkEnv(publish.env, repository),
      // RUN_DIR: where ssh keeps a host's key that it sees for the first time.
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp", RUN_DIR: "/tmp", GIT_TERMINAL_PROMPT: "0" }),
      remoteEnv(repository),
      scriptEnv({
        AGENT_TERMINATION_LOG: TERMINATION_LOG,
        AGENT_CONTRACT: CONTRACT,
        AGENT_HANDOVER: HANDOVER_DIR,
        AGENT_PUBLISH_BRANCH: publish.branch,
        AGENT_PUBLISH_BASE: publish.base,
        AGENT_PUBLISH_NAMED: publish.isNamed ? "true" : undefined,
        AGENT_PUSHED: publish.pullRequest && PUSHED_DIR,
        AGENT_PUBLISHED: publish.published.join(" "),
        AGENT_PROTECTED_PATHS: publish.protectedPaths.join("\n"),
      }),
    ),
    volumeMounts: [
      { name: "handover", mountPath: HANDOVER_DIR, readOnly: true },
      ...(publish.pullRequest ? [{ name: "pushed", mountPath: PUSHED_DIR }] : []),
      privateTmpMount,
      ...repositoryMounts(repository),
    ],
  });
}

function volumesOf(publish: ResolvedPublish): Volume[] {
  return [
    claimVolume(publish.place ?? publish.run, publish.workspace),
    { name: "handover", emptyDir: { sizeLimit: HANDOVER_SIZE } },
    { name: "tmp", emptyDir: {} },
    ...repositoryVolumes(publish.repository),
    ...(publish.pullRequest ? pullRequestVolumes(publish.pullRequest.token) : []),
  ];
}
