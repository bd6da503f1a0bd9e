import type { Container, EnvVar, Pod } from "../builtin.ts";
import { parseQuantity } from "../quantity.ts";
import { expand } from "./expand.ts";

/** A container that cannot be made as its pod describes it; the pod waits and it is tried again. */
export class ContainerConfigError extends Error {
  override readonly name = "ContainerConfigError";
}

type Data = Readonly<Record<string, string>>;

/** Where environment values come from. Both maps are by name; undefined: there is no such object. */
export interface ValueSources {
  secrets: ReadonlyMap<string, Data | undefined>;
  configMaps: ReadonlyMap<string, Data | undefined>;
  /** `status.podIP`, `status.hostIP` and the node's name. */
  podIP: string;
  hostIP: string;
  nodeName: string;
  /** The node's allocatable amounts, which stand in for limits that are not set. */
  allocatable: Readonly<Record<string, string>>;
}

type Source = "secret" | "configMap";

/** The Secrets and ConfigMaps that a container's environment is made from. */
export function namedSources(container: Container): { secrets: string[]; configMaps: string[] } {
  const variables = (container.env ?? []).map(({ valueFrom }) => valueFrom);
  const from = container.envFrom ?? [];
  const names = (references: ({ name?: string } | undefined)[]): string[] => [
    ...new Set(references.flatMap((reference) => (reference === undefined ? [] : [reference.name ?? ""]))),
  ];
  return {
    secrets: names([...from.map(({ secretRef }) => secretRef), ...variables.map((one) => one?.secretKeyRef)]),
    configMaps: names([
      ...from.map(({ configMapRef }) => configMapRef),
      ...variables.map((one) => one?.configMapKeyRef),
    ]),
  };
}

const KIND: Record<Source, string> = { secret: "Secret", configMap: "ConfigMap" };

function dataOf(sources: ValueSources, source: Source, name: string, optional: boolean): Data | undefined {
  const data = sources[`${source}s`].get(name);
  if (data === undefined && !optional) {
    throw new ContainerConfigError(`${source.toLowerCase()} ${JSON.stringify(name)} not found`);
  }
  return data;
}

function fieldValue(pod: Pod, path: string, sources: ValueSources): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, field, key] = subscript;
    const map = field === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[key ?? ""] ?? "";
  }
  const values: Record<string, string | undefined> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "metadata.uid": pod.metadata.uid,
    "spec.nodeName": sources.nodeName,
    "spec.serviceAccountName": pod.spec.serviceAccountName ?? "default",
    "status.podIP": sources.podIP,
    "status.podIPs": sources.podIP,
    "status.hostIP": sources.hostIP,
    "status.hostIPs": sources.hostIP,
  };
  const value = values[path];
  if (value === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  return value;
}

type ResourceFieldRef = NonNullable<NonNullable<EnvVar["valueFrom"]>["resourceFieldRef"]>;

function resourceValue(pod: Pod, self: Container, ref: ResourceFieldRef, sources: ValueSources): string {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const container = ref.containerName ? all.find(({ name }) => name === ref.containerName) : self;
  if (container === undefined) throw new ContainerConfigError(`container ${ref.containerName} not found`);
  const [kind, ...rest] = ref.resource.split(".");
  const name = rest.join(".");
  const set = kind === "limits" || kind === "requests" ? container.resources?.[kind]?.[name] : undefined;
  const text = String(set ?? (kind === "limits" ? sources.allocatable[name] : undefined) ?? "0");
  const amount = parseQuantity(text);
  const divisor = parseQuantity(String(ref.divisor ?? "1"));
  if (amount.value === undefined || divisor.value === undefined) {
    throw new ContainerConfigError(`unsupported container resource: ${ref.resource}`);
  }
  const unit = divisor.value.nano === 0n ? 1_000_000_000n : divisor.value.nano;
  return String((amount.value.nano + unit - 1n) / unit);
}

function valueOf(
  variable: EnvVar,
  pod: Pod,
  container: Container,
  sources: ValueSources,
): string | undefined {
  const from = variable.valueFrom;
  if (from?.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, sources);
  if (from?.resourceFieldRef !== undefined)
    return resourceValue(pod, container, from.resourceFieldRef, sources);
  for (const source of ["secret", "configMap"] as const) {
    const ref = from?.[`${source}KeyRef`];
    if (ref === undefined) continue;
    const optional = ref.optional ?? false;
    const value = dataOf(sources, source, ref.name, optional)?.[ref.key];
    if (value === undefined && !optional) {
      const where = `${KIND[source]} ${pod.metadata.namespace}/${ref.name}`;
      throw new ContainerConfigError(`couldn't find key ${ref.key} in ${where}`);
    }
    return value;
  }
  return undefined;
}

/**
 * The container's environment as a kubelet makes it: `base` (what the image and the runtime would set)
 * < envFrom < env in order, literal values expanded with what came before. Throws ContainerConfigError.
 */
export function buildEnvironment(
  pod: Pod,
  container: Container,
  base: Readonly<Record<string, string>>,
  sources: ValueSources,
): Record<string, string> {
  const declared: Record<string, string> = {};
  for (const from of container.envFrom ?? []) {
    const source: Source = from.secretRef === undefined ? "configMap" : "secret";
    const ref: { name?: string; optional?: boolean } = from.secretRef ?? from.configMapRef ?? {};
    const data = dataOf(sources, source, ref.name ?? "", ref.optional ?? false);
    for (const [key, value] of Object.entries(data ?? {})) declared[`${from.prefix ?? ""}${key}`] = value;
  }
  for (const variable of container.env ?? []) {
    const value =
      variable.valueFrom === undefined
        ? expand(variable.value ?? "", (name) => declared[name] ?? base[name])
        : valueOf(variable, pod, container, sources);
    if (value !== undefined) declared[variable.name] = value;
  }
  return { ...base, ...declared };
}

/** `command` and `args` as one list, expanded with the container's environment. */
export function buildArguments(container: Container, env: Readonly<Record<string, string>>): string[] {
  return [...(container.command ?? []), ...(container.args ?? [])].map((part) =>
    expand(part, (name) => env[name]),
  );
}
