import { agentOfType } from "../../agents/registry.ts";
import type { Job, PodSpec } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { buildAgentContainer } from "./agent-container.ts";
import { factAnnotations } from "./facts.ts";
import { additionalContainers, additionalVolumes } from "./additional-repositories.ts";
import { buildGitContainers } from "./git-container.ts";
import { runLabels } from "./labels.ts";
import { runJobName } from "./names.ts";
import { ownedByRun } from "./owner.ts";
import { podMetadata, podSpecFields } from "./pod-fields.ts";
import { trusting } from "./authorities.ts";
import { inQueue } from "./queue.ts";
import { podSecurity } from "./security.ts";
import { runSetup } from "./setup-container.ts";
import { serviceContainers } from "./services.ts";
import { runVolumes } from "./volumes.ts";
import { oneNode } from "./workspace-pod.ts";

/** Time between TERM and KILL: the agent gives its result, the entrypoint writes the patch. */
export const GRACE_SECONDS = 30;

/** How much later than its pod the Job ends, for a pod that never starts: the Job's end would remove the pod. */
export const JOB_MARGIN_SECONDS = 60;

/** The Job of a run. The pod's own deadline is the run's timeout; nothing is ever tried twice. */
export function buildRunJob(run: ResolvedRun): Job {
  return inQueue(trusting(jobOf(run), run), run.queueName);
}

function jobOf(run: ResolvedRun): Job {
  const labels = runLabels(run);
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: runJobName(run.name),
      namespace: run.namespace,
      labels,
      annotations: factAnnotations(run),
      ownerReferences: [ownedByRun(run)],
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: run.timeoutSeconds + GRACE_SECONDS + JOB_MARGIN_SECONDS,
      template: {
        metadata: podMetadata(labels, run.pod),
        spec: {
          restartPolicy: "Never",
          activeDeadlineSeconds: run.timeoutSeconds,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          enableServiceLinks: false,
          securityContext: podSecurity(run.podSecurityContext),
          ...identity(run),
          ...placement(run),
          initContainers: [
            ...buildGitContainers(run),
            ...additionalContainers(run),
            ...serviceContainers(run.services),
            ...runSetup(run),
          ],
          containers: [buildAgentContainer(run, agentOfType(run.agent))],
          volumes: [...runVolumes(run), ...additionalVolumes(run)],
        },
      },
    },
  };
}

/** No token of the cluster, unless the run names the account whose token it wants. */
function identity(run: ResolvedRun): Partial<PodSpec> {
  return {
    automountServiceAccountToken: run.serviceAccountName !== undefined,
    ...(run.serviceAccountName === undefined ? {} : { serviceAccountName: run.serviceAccountName }),
    ...(run.imagePullSecrets ? { imagePullSecrets: run.imagePullSecrets } : {}),
  };
}

function placement(run: ResolvedRun): Partial<PodSpec> {
  return {
    ...(run.nodeSelector ? { nodeSelector: run.nodeSelector } : {}),
    ...(run.tolerations ? { tolerations: run.tolerations } : {}),
    ...(run.runtimeClassName === undefined ? {} : { runtimeClassName: run.runtimeClassName }),
    ...(run.priorityClassName === undefined ? {} : { priorityClassName: run.priorityClassName }),
    ...podSpecFields(run.pod, run.workspace && oneNode(run.workspace)),
  };
}
