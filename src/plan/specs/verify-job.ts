import { ANNOTATION_ORIGIN } from "../../api/labels.ts";
import type { Container, Job, VolumeMount } from "../../kube/builtin.ts";
import type { ResolvedVerify } from "../resolved-publish.ts";
import { additionalEnv, additionalMounts } from "./additional-repositories.ts";
import { literal, literalEnv, mergeEnv } from "./env.ts";
import { gitContainer } from "./git-container.ts";
import { stepLabels } from "./labels.ts";
import { SNAPSHOT_CONTAINER, stepJobName, VERIFY_CONTAINER } from "./names.ts";
import { ownedByRun } from "./owner.ts";
import { CHECKOUT_DIR, REPOSITORIES_CHECKOUT_DIR, REPOSITORIES_DIR, WORKSPACE_DIR } from "./paths.ts";
import { homeMounts } from "./home-mounts.ts";
import { podMetadata } from "./pod-fields.ts";
import { trusting } from "./authorities.ts";
import { inQueue } from "./queue.ts";
import { GRACE_SECONDS, JOB_MARGIN_SECONDS } from "./run-job.ts";
import { SCRIPTS_TARGET_DIR } from "./scripts.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { cacheMounts, cacheVolumes } from "./caches.ts";
import { secretFiles, userMounts, userVolumes, type UserVolumes, withoutSecrets } from "./user-volumes.ts";
import { serviceContainers, serviceVolumes } from "./services.ts";
import { setupContainer, trusted } from "./setup-container.ts";
import { claimMounts, snapshotEnv, stepPlacement } from "./step-pod.ts";
import { claimVolume, SCRIPTS_VOLUME, scriptsMount, scriptsTargetMount } from "./volumes.ts";

const HOME = "/home/agent";

/** The checkout, and a home directory, for what runs there. */
function ownMounts({ caches, additional }: ResolvedVerify, volumes: UserVolumes | undefined): VolumeMount[] {
  return [
    { name: "checkout", mountPath: WORKSPACE_DIR },
    ...homeMounts(HOME, [...cacheMounts(caches), ...userMounts(volumes)]),
    { name: "tmp", mountPath: "/tmp" },
    ...(additional ? [{ name: "repositories", mountPath: REPOSITORIES_DIR }] : []),
  ];
}

/** How long the Job may take with all its pods. */
export function verifyDeadlineSeconds({ timeoutSeconds }: Pick<ResolvedVerify, "timeoutSeconds">): number {
  return timeoutSeconds + GRACE_SECONDS + JOB_MARGIN_SECONDS;
}

/**
 * The Job that judges a run's work, or what that started from. `snapshot` has the claim and checks one commit out;
 * `verify` has that checkout and nothing else of the run: whatever it does there, what is published is the commit.
 */
export function buildVerifyJob(verify: ResolvedVerify): Job {
  return inQueue(trusting(jobOf(verify), verify), verify.queueName);
}

function jobOf(verify: ResolvedVerify): Job {
  const { run, workspace, step } = verify;
  const labels = stepLabels({ ...run, workspace }, step);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: stepJobName(run.name, step),
      namespace: run.namespace,
      labels,
      annotations: { [ANNOTATION_ORIGIN]: verify.attempt },
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      // A verdict is final; a pod that its node lost is none.
      backoffLimit: 0,
      activeDeadlineSeconds: verifyDeadlineSeconds(verify),
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      template: {
        metadata: podMetadata(labels, verify.pod),
        spec: {
          restartPolicy: "Never",
          activeDeadlineSeconds: verify.timeoutSeconds,
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          securityContext: podSecurity(verify.podSecurityContext),
          ...stepPlacement(verify),
          initContainers: [
            snapshotContainer(verify),
            ...serviceContainers(verify.services),
            ...setupOf(verify),
          ],
          containers: [verifyContainer(verify)],
          volumes: [
            claimVolume(verify.place ?? run, workspace),
            { name: "checkout", emptyDir: {} },
            ...(verify.additional ? [{ name: "repositories", emptyDir: {} }] : []),
            { name: "home", emptyDir: {} },
            { name: "tmp", emptyDir: {} },
            { name: "git-tmp", emptyDir: {} },
            ...(verify.setup ? [SCRIPTS_VOLUME] : []),
            ...serviceVolumes(verify.services),
            ...cacheVolumes(verify.caches),
            ...userVolumes(verify.volumes),
          ],
        },
      },
    },
  };
}

function snapshotContainer(verify: ResolvedVerify): Container {
  return gitContainer(verify, "verify-checkout", {
    name: SNAPSHOT_CONTAINER,
    env: mergeEnv(
      snapshotEnv(verify, {
        AGENT_CHECKOUT: CHECKOUT_DIR,
        AGENT_REPOSITORIES_CHECKOUT: verify.additional && REPOSITORIES_CHECKOUT_DIR,
        AGENT_VERIFY_BASE: verify.step === "base" ? "true" : undefined,
        AGENT_SCRIPTS_TARGET: verify.setup && SCRIPTS_TARGET_DIR,
      }),
      additionalEnv(verify.additional),
    ),
    volumeMounts: [
      ...claimMounts(verify.place ?? verify.run),
      ...additionalMounts(verify.additional, "read-only"),
      { name: "checkout", mountPath: CHECKOUT_DIR },
      ...(verify.additional ? [{ name: "repositories", mountPath: REPOSITORIES_CHECKOUT_DIR }] : []),
      { name: "git-tmp", mountPath: "/tmp" },
      ...(verify.setup ? [scriptsTargetMount] : []),
    ],
  });
}

/** In the image of the command, which finds what it has installed. */
function setupOf(verify: ResolvedVerify): Container[] {
  const { setup, image, env, resources, network } = verify;
  if (!setup) return [];
  const own = { ...setup, env: mergeEnv(setup.env, env) };
  const volumeMounts = [...ownMounts(verify, verify.volumes), scriptsMount];
  return [
    setupContainer(own, {
      image,
      workingDir: WORKSPACE_DIR,
      home: HOME,
      network,
      resources,
      volumeMounts,
      secretFiles: secretFiles(verify.volumes),
    }),
  ];
}

/** The user's command as it is: there is nothing of the operator's in this container. */
function verifyContainer(verify: ResolvedVerify): Container {
  const { command, image, resources, network, env } = verify;
  return {
    name: VERIFY_CONTAINER,
    image,
    command: command.map(literal),
    workingDir: WORKSPACE_DIR,
    env: mergeEnv(network, env, literalEnv({ HOME, TMPDIR: "/tmp", ...trusted(WORKSPACE_DIR) })),
    ...(resources ? { resources } : {}),
    volumeMounts: ownMounts(verify, withoutSecrets(verify.volumes)),
    securityContext: containerSecurity,
  };
}
