import type { EnvVar, PodSecurityContext, ResourceRequirements, Toleration } from "../kube/builtin.ts";
import type { ResolvedRepository, ResolvedWorkspace } from "./resolved-run.ts";

/** All that is needed to build the Job that publishes a run. Made by `resolvePublish`, read by `plan/specs`. */
export interface ResolvedPublish {
  run: { namespace: string; name: string; uid: string };
  /** With the credential to push with. */
  repository: ResolvedRepository;
  workspace?: Pick<ResolvedWorkspace, "name" | "claimName" | "accessMode">;
  worktree?: { branch: string };
  branch: string;
  /** Whether the user has named the branch. */
  isNamed: boolean;
  /** The branch that the work is for; absent: the remote's own. */
  base?: string;
  protectedPaths: readonly string[];
  /** A commit of what the agent has not committed; absent: only its commits are published. */
  commit?: { name: string; email: string; message: string; seconds: number };
  /** In which the network's variables are. */
  env: EnvVar[];
  gitImage: string;
  gitResources: ResourceRequirements;
  nodeSelector?: Record<string, string>;
  tolerations?: Toleration[];
  runtimeClassName?: string;
  priorityClassName?: string;
  imagePullSecrets?: { name: string }[];
  podSecurityContext?: PodSecurityContext;
}
