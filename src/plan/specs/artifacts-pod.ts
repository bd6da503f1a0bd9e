import { LABEL_COMPONENT, LABEL_INSTANCE, LABEL_NAME, OPERATOR_NAME } from "../../api/labels.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { Container, Job, Pod, PodSpec } from "../../kube/builtin.ts";
import { placeOf, withContinued } from "../place.ts";
import { gitResources } from "./git-resources.ts";
import { additionalEnv, additionalMounts } from "./additional-repositories.ts";
import { literalEnv, mergeEnv, scriptEnv } from "./env.ts";
import { rootsEnv } from "./git-container.ts";
import { runClaimName, workspaceClaimName } from "./names.ts";
import { RUN_DIR, workDir, WORKSPACE_DIR, WORKTREES_DIR } from "./paths.ts";
import { scriptPath } from "./scripts.ts";
import { withSettings } from "./settings.ts";
import { containerSecurity, podSecurity } from "./security.ts";
import { recordMount, storeMount } from "./volumes.ts";

/** The files that every run leaves in its part of the claim. */
export const ARTIFACTS = ["patch", "transcript", "log"] as const;
export type Artifact = (typeof ARTIFACTS)[number];
/** What the pod can send: those files, the run's commits as a git bundle, and the patch of a repository beside its own. */
export type PodFile = Artifact | "bundle" | `patch.${string}`;

/** The names of the repositories beside its own that a run has. */
export function additionalNames(run: AgentRun): string[] | undefined {
  return withContinued(run).spec.additionalRepositories?.map(({ name }) => name);
}

/** What is to be fetched, and by which pod. */
export interface ArtifactsRequest {
  run: AgentRun;
  /** Its Job, if it still exists: the pod then has the same image, user and place. */
  job?: Job;
  /** Where the run's own pod still works, because its volume may be of that node only. */
  nodeName?: string;
  podName: string;
  /** With git; used if the Job is gone. */
  gitImage: string;
  wanted: readonly PodFile[];
}

export const ARTIFACTS_CONTAINER = "artifacts";

/** Nobody waits longer for it, and nothing is left of it. */
const DEADLINE_SECONDS = 600;

/** A restricted pod that can only read the run's claim, and writes what it finds to its log. It has no Secret. */
export function buildArtifactsPod(request: ArtifactsRequest): Pod {
  const { run, job, nodeName, podName } = request;
  const template = job?.spec.template.spec;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName,
      namespace: run.metadata.namespace,
      labels: {
        [LABEL_NAME]: OPERATOR_NAME,
        [LABEL_INSTANCE]: run.metadata.name ?? "",
        [LABEL_COMPONENT]: "artifacts",
      },
    },
    spec: {
      restartPolicy: "Never",
      activeDeadlineSeconds: DEADLINE_SECONDS,
      terminationGracePeriodSeconds: 0,
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: template?.securityContext ?? podSecurity(run.spec.podSecurityContext),
      ...(nodeName === undefined ? placement(run, template) : { nodeName }),
      imagePullSecrets: template?.imagePullSecrets ?? run.spec.imagePullSecrets ?? [],
      containers: [buildContainer(request, template)],
      volumes: [
        { name: "workspace", persistentVolumeClaim: { claimName: claimOf(run) } },
        { name: "tmp", emptyDir: {} },
      ],
    },
  };
}

function placement({ spec }: AgentRun, template: PodSpec | undefined): Partial<PodSpec> {
  const { nodeSelector, tolerations } = template ?? spec;
  return {
    ...(nodeSelector ? { nodeSelector } : {}),
    ...(tolerations ? { tolerations } : {}),
  };
}

function claimOf(run: AgentRun): string {
  const { workspaceRef } = withContinued(run).spec;
  return workspaceRef === undefined ? runClaimName(placeOf(run).name) : workspaceClaimName(workspaceRef);
}

function buildContainer(
  { run, gitImage, wanted }: ArtifactsRequest,
  template: PodSpec | undefined,
): Container {
  const place = placeOf(run);
  return withSettings({
    name: ARTIFACTS_CONTAINER,
    image: template?.initContainers?.[0]?.image ?? gitImage,
    command: [scriptPath("artifacts")],
    env: mergeEnv(
      literalEnv({ HOME: "/tmp/home", TMPDIR: "/tmp" }),
      rootsEnv(),
      scriptEnv({
        AGENT_RUN: place.name,
        AGENT_RUN_UID: place.uid,
        AGENT_WORK_DIR: workDir(place, withContinued(run).spec.worktree),
        AGENT_ARTIFACTS: wanted.join(" "),
      }),
      additionalEnv(additionalNames(run)),
    ),
    resources: template?.initContainers?.[0]?.resources ?? gitResources(),
    volumeMounts: [
      storeMount,
      { name: "workspace", mountPath: WORKSPACE_DIR, subPath: "repo", readOnly: true },
      { name: "workspace", mountPath: WORKTREES_DIR, subPath: "worktrees", readOnly: true },
      { name: "workspace", mountPath: RUN_DIR, subPath: `runs/${run.metadata.name}`, readOnly: true },
      { ...recordMount(place), readOnly: true },
      ...additionalMounts(additionalNames(run), "read-only"),
      { name: "tmp", mountPath: "/tmp" },
    ],
    securityContext: { ...containerSecurity, readOnlyRootFilesystem: true },
  });
}
