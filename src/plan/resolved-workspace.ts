import type { EnvVar, LocalKeyRef, PodSecurityContext, ResourceRequirements } from "../kube/builtin.ts";
import type { PodFields, ResolvedRepository } from "./resolved-run.ts";

/** An AgentWorkspace with every default applied: all that is needed to build its claims and its init Job. */
export interface WorkspaceSetup {
  namespace: string;
  name: string;
  uid: string;
  repository: ResolvedRepository;
  storageClass?: string;
  /** Quantities. */
  storageSize: string;
  accessMode: "ReadWriteMany" | "ReadWriteOnce";
  sharedVolumes: { name: string; storageSize: string }[];
  /** AgentConfig's variables; git needs those for proxies and certificates. */
  env: EnvVar[];
  /** Private authorities that git trusts. */
  caBundle?: LocalKeyRef;
  gitImage: string;
  gitResources: ResourceRequirements;
  /** Without what decides about nodes. */
  pod?: PodFields;
  imagePullSecrets?: { name: string }[];
  priorityClassName?: string;
  podSecurityContext?: PodSecurityContext;
  /** What the checkout is made from; a failed Job of another origin is made again. */
  origin: string;
}
