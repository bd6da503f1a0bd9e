import type { Container, EnvVar, Pod } from "../../../kube/builtin.ts";
import type { DownwardValue } from "../../../kube/projections.ts";
import { parseQuantity, quantityValue } from "../../../kube/quantity.ts";
import { expand } from "./expand.ts";

/** A container that cannot be made as its pod describes it; the pod waits and it is tried again. */
export class ContainerConfigError extends Error {
  override readonly name = "ContainerConfigError";
}

/** What a Secret or ConfigMap holds. */
export type KeyedData = Readonly<Record<string, Uint8Array>>;

/** What variables and files are made from. Both maps are by name; undefined: there is no such object. */
export interface ValueSources {
  secrets: ReadonlyMap<string, KeyedData | undefined>;
  configMaps: ReadonlyMap<string, KeyedData | undefined>;
  /** `status.podIP`, `status.hostIP` and the node's name. */
  podIP: string;
  hostIP: string;
  nodeName: string;
  /** The node's allocatable amounts, which stand in for limits that are not set. */
  allocatable: Readonly<Record<string, string>>;
}

type Source = "secret" | "configMap";

/** The names of Secrets and ConfigMaps, each once. */
export interface SourceNames {
  secrets: string[];
  configMaps: string[];
}

/** The Secrets and ConfigMaps that a container's environment is made from. */
export function namedSources(container: Container): SourceNames {
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

function dataOf(
  sources: ValueSources,
  source: Source,
  name: string,
  optional: boolean,
): KeyedData | undefined {
  const data = sources[`${source}s`].get(name);
  if (data === undefined && !optional) {
    throw new ContainerConfigError(`${source.toLowerCase()} ${JSON.stringify(name)} not found`);
  }
  return data;
}

/** Labels or annotations as a file of the downward API shows them. Source: FormatMap of pkg/fieldpath. */
function mapText(map: Readonly<Record<string, string>> = {}): string {
  const lines = Object.keys(map).map((key) => `${key}=${JSON.stringify(map[key])}`);
  return lines.toSorted().join("\n");
}

function fieldValue(pod: Pod, path: string, sources: ValueSources): string {
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, field, key] = subscript;
    const map = field === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[key ?? ""] ?? "";
  }
  const values: Record<string, string | undefined> = {
    "metadata.labels": mapText(pod.metadata.labels),
    "metadata.annotations": mapText(pod.metadata.annotations),
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

type ResourceFieldRef = NonNullable<DownwardValue["resourceFieldRef"]>;

function resourceValue(
  pod: Pod,
  self: Container | undefined,
  ref: ResourceFieldRef,
  sources: ValueSources,
): string {
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

/** A field of the pod or an amount of a container, `self` if none is named. Throws ContainerConfigError. */
export function downwardValue(
  from: DownwardValue | undefined,
  pod: Pod,
  self: Container | undefined,
  sources: ValueSources,
): string | undefined {
  if (from?.fieldRef !== undefined) return fieldValue(pod, from.fieldRef.fieldPath, sources);
  if (from?.resourceFieldRef !== undefined) return resourceValue(pod, self, from.resourceFieldRef, sources);
  return undefined;
}

function valueOf(
  variable: EnvVar,
  pod: Pod,
  container: Container,
  sources: ValueSources,
): string | undefined {
  const from = variable.valueFrom;
  const own = downwardValue(from, pod, container, sources);
  if (own !== undefined) return own;
  for (const source of ["secret", "configMap"] as const) {
    const ref = from?.[`${source}KeyRef`];
    if (ref === undefined) continue;
    const optional = ref.optional ?? false;
    const value = dataOf(sources, source, ref.name, optional)?.[ref.key];
    if (value !== undefined) return new TextDecoder().decode(value);
    if (!optional) {
      const where = `${KIND[source]} ${pod.metadata.namespace}/${ref.name}`;
      throw new ContainerConfigError(`couldn't find key ${ref.key} in ${where}`);
    }
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
    for (const [key, value] of Object.entries(data ?? {})) {
      declared[`${from.prefix ?? ""}${key}`] = new TextDecoder().decode(value);
    }
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

/** The container's memory limit in bytes; undefined if it has none. */
export function memoryLimit(container: Container): number | undefined {
  const limit = container.resources?.limits?.["memory"];
  const amount = limit === undefined ? undefined : parseQuantity(String(limit)).value;
  return amount === undefined ? undefined : quantityValue(amount);
}
