import type { AgentConfigSpec } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { EnvVar, LocalKeyRef, PodSecurityContext, ResourceRequirements } from "../../kube/builtin.ts";
import { configEnv } from "../config-env.ts";
import { BUILT_IN_STORAGE } from "../defaults.ts";
import { authorityEnv } from "../specs/authorities.ts";
import { mergeEnv } from "../specs/env.ts";
import { gitResources } from "../specs/git-resources.ts";
import type { UserVolumes } from "../specs/user-volumes.ts";
import type { PodFields, ResolvedCache } from "../resolved-run.ts";
import type { ObservedRun } from "./observed.ts";

/** A value that counts for a run, and what it came from: an object, `operator` (a flag) or `built in`. */
export interface Effective<T> {
  value: T;
  from: string;
}

/** What a run takes from somewhere else if it does not say it itself, each value with its origin. */
export interface EffectiveDefaults {
  image: Effective<string>;
  timeout: Effective<string>;
  storageSize: Effective<string>;
  trustRepositoryConfig: Effective<boolean>;
  gitIdentity: Effective<{ name: string; email: string }>;
  /** Each amount may be of another origin; this is the first that says something. */
  gitResources: Effective<ResourceRequirements>;
  storageClass?: Effective<string>;
  caches?: Effective<NonNullable<AgentConfigSpec["defaultCaches"]>>;
  volumes?: Effective<UserVolumes["volumes"]>;
  volumeMounts?: Effective<UserVolumes["mounts"]>;
  setup?: Effective<NonNullable<AgentConfigSpec["defaultSetup"]>>;
  resources?: Effective<ResourceRequirements>;
  caBundle?: Effective<LocalKeyRef>;
  podLabels?: Effective<Record<string, string>>;
  podAnnotations?: Effective<Record<string, string>>;
  affinity?: Effective<NonNullable<PodFields["affinity"]>>;
  topologySpreadConstraints?: Effective<object[]>;
  hostAliases?: Effective<NonNullable<PodFields["hostAliases"]>>;
  dnsPolicy?: Effective<string>;
  dnsConfig?: Effective<object>;
  runtimeClassName?: Effective<string>;
  priorityClassName?: Effective<string>;
  serviceAccountName?: Effective<string>;
  imagePullSecrets?: Effective<{ name: string }[]>;
  podSecurityContext?: Effective<PodSecurityContext>;
}

const BUILT_IN_TIMEOUT = "1h";
const BUILT_IN_IDENTITY = { name: "Agent Operator", email: "agent-operator@localhost" };

export const FROM_RUN = "AgentRun";

/** AgentRun.spec wins over AgentConfig, that over the operator's flags, those over the built-in value. */
export function effectiveDefaults({ run, references, defaults }: ObservedRun): EffectiveDefaults {
  const { spec } = run;
  const { workspace } = references;
  const config = references.config?.spec;
  const of = <T>(own: T | undefined, inherited: T | undefined): Effective<T> | undefined => {
    if (own !== undefined) return { value: own, from: FROM_RUN };
    return inherited === undefined ? undefined : { value: inherited, from: fromConfig(references) };
  };
  const builtIn = <T>(value: T): Effective<T> => ({ value, from: "built in" });
  /** The run's own keys win; the origin is the first that says something. */
  const merged = <T extends object>(own: T | undefined, inherited: T | undefined) => {
    const first = of(own, inherited);
    return first && { value: { ...inherited, ...own } as T, from: first.from };
  };
  return {
    image: of(spec.image, config?.defaultImage) ?? { value: defaults.agentImage, from: "operator" },
    timeout: of(spec.timeout, config?.defaultTimeout) ?? builtIn(BUILT_IN_TIMEOUT),
    storageSize: of(undefined, config?.storageSize?.toString()) ?? builtIn(BUILT_IN_STORAGE),
    trustRepositoryConfig: of(spec.trustRepositoryConfig, config?.trustRepositoryConfig) ?? builtIn(false),
    gitIdentity: of(undefined, config?.gitIdentity) ?? builtIn(BUILT_IN_IDENTITY),
    gitResources: {
      value: gitResources(spec.gitResources, config?.gitResources, defaults.gitResources),
      from:
        of(spec.gitResources, config?.gitResources)?.from ??
        (defaults.gitResources ? "operator" : "built in"),
    },
    setup:
      spec.setup === undefined && workspace?.spec.setup
        ? { value: workspace.spec.setup, from: `AgentWorkspace ${workspace.metadata.name}` }
        : of(spec.setup, config?.defaultSetup),
    caches: of(spec.caches, config?.defaultCaches),
    // A run that names some has none of the AgentConfig's.
    volumes: of(spec.volumes ?? (spec.volumeMounts && []), config?.defaultVolumes),
    volumeMounts: of(spec.volumeMounts ?? (spec.volumes && []), config?.defaultVolumeMounts),
    storageClass: of(undefined, config?.storageClass),
    resources: of(spec.resources, config?.defaultResources),
    caBundle: of(spec.caBundleRef, config?.caBundleRef),
    podLabels: merged(spec.podLabels, config?.podLabels),
    podAnnotations: merged(spec.podAnnotations, config?.podAnnotations),
    affinity: of(spec.affinity, config?.defaultAffinity),
    topologySpreadConstraints: of(spec.topologySpreadConstraints, config?.defaultTopologySpreadConstraints),
    hostAliases: of(spec.hostAliases, config?.defaultHostAliases),
    dnsPolicy: of(spec.dnsPolicy, config?.defaultDNSPolicy),
    dnsConfig: of(spec.dnsConfig, config?.defaultDNSConfig),
    runtimeClassName: of(spec.runtimeClassName, config?.defaultRuntimeClassName),
    priorityClassName: of(spec.priorityClassName, config?.defaultPriorityClassName),
    serviceAccountName: of(spec.serviceAccountName, config?.defaultServiceAccountName),
    imagePullSecrets: of(spec.imagePullSecrets, config?.defaultImagePullSecrets),
    podSecurityContext: of(spec.podSecurityContext, config?.defaultPodSecurityContext),
  };
}

/**
 * The environment of the agent: AgentConfig's variables, then the provider's, then the run's, merged by name. Only the
 * run itself may set the variable of the credential.
 */
export function effectiveEnv(
  { run, references }: Pick<ObservedRun, "run" | "references">,
  credentialVariable: string | undefined,
): Effective<EnvVar>[] {
  const caBundle = run.spec.caBundleRef ?? references.config?.spec?.caBundleRef;
  const authorities = authorityEnv(caBundle);
  const config = mergeEnv(authorities, configEnv(references.config));
  const provider = literals(run.spec.provider?.environment ?? references.provider?.spec.environment ?? {});
  const own = run.spec.env ?? [];
  const inherited = mergeEnv(config, provider).filter(({ name }) => name !== credentialVariable);
  return mergeEnv(inherited, own).map((variable) => {
    const isRuns = own.includes(variable) || (run.spec.caBundleRef && authorities.includes(variable));
    const from = isRuns
      ? FROM_RUN
      : provider.includes(variable)
        ? fromProvider(references.provider)
        : fromConfig(references);
    return { value: variable, from };
  });
}

export function fromConfig({ config }: Pick<ObservedRun["references"], "config">): string {
  return `AgentConfig ${config?.metadata.name}`;
}

/** Of the provider that a run names or inherits; else the run's own, inline. */
export function fromProvider(provider: AgentProvider | undefined): string {
  return provider ? `AgentProvider ${provider.metadata.name}` : `${FROM_RUN}, inline provider`;
}

function literals(environment: Readonly<Record<string, string>>): EnvVar[] {
  return Object.entries(environment).map(([name, value]) => ({ name, value }));
}

/** What all pods of a run have of these. */
export function podFieldsOf(defaults: EffectiveDefaults): PodFields {
  const { podLabels, podAnnotations, affinity, topologySpreadConstraints } = defaults;
  return {
    labels: podLabels?.value,
    annotations: podAnnotations?.value,
    affinity: affinity?.value,
    topologySpreadConstraints: topologySpreadConstraints?.value,
    hostAliases: defaults.hostAliases?.value,
    dnsPolicy: defaults.dnsPolicy?.value,
    dnsConfig: defaults.dnsConfig?.value,
  };
}

/** The caches of a run, or those of them that its verification uses. */
export function cachesOf(
  { caches, storageClass }: EffectiveDefaults,
  used?: readonly string[],
): ResolvedCache[] {
  return (caches?.value ?? [])
    .filter(({ name }) => used?.includes(name) ?? true)
    .map((cache) => ({
      name: cache.name,
      mountPath: cache.mountPath,
      accessMode: cache.accessMode ?? "ReadWriteOnce",
      storage: {
        className: cache.storageClass ?? storageClass?.value,
        size: String(cache.storageSize ?? BUILT_IN_STORAGE),
      },
    }));
}
