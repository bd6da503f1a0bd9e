import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { builtDefinitions } from "./definitions.generated.ts";
import type { Client } from "../client/client.ts";
import { watchResource } from "../client/watch.ts";
import type { Condition, KubeObject, UnknownObject } from "../kube/objects.ts";
import type { ResourceType } from "../kube/resources.ts";
import { clusterRoles, customResourceDefinitions } from "../kube/cluster-kinds.ts";
import { AS_GO_READS } from "../kube/yaml.ts";

/** Field manager of everything that is installed from config/. */
const FIELD_MANAGER = "agent-operator-install";

const ESTABLISHED_LIMIT_MS = 30_000;

interface Definition extends KubeObject {
  status?: { conditions?: Condition[] };
}

/** Applies the CRDs of config/crd. What is there already is brought up to date. */
export async function installDefinitions(client: Client): Promise<void> {
  await Promise.all(
    builtDefinitions().map(async (each) => {
      const applied = await apply<Definition>(client, customResourceDefinitions, each);
      if (!isEstablished(applied)) await untilEstablished(client, each.metadata.name ?? "");
    }),
  );
}

function isEstablished({ status }: Definition): boolean {
  return (status?.conditions ?? []).some((each) => each.type === "Established" && each.status === "True");
}

/** A server serves a new kind a moment after it has taken the definition. */
async function untilEstablished(client: Client, name: string): Promise<void> {
  const signal = AbortSignal.timeout(ESTABLISHED_LIMIT_MS);
  const selected = { fieldSelector: `metadata.name=${name}`, signal };
  for await (const event of watchResource<Definition>(client, customResourceDefinitions, selected)) {
    if (event.kind === "upsert" && isEstablished(event.object)) return;
  }
  throw new Error(
    `CustomResourceDefinition ${name} was not established within ${ESTABLISHED_LIMIT_MS} ms; see kubectl describe crd ${name}`,
  );
}

/** Applies the ClusterRoles of these folders of config/ and gives their names. */
export async function installRoles(
  client: Client,
  configDirectory: string,
  folders: readonly string[],
): Promise<string[]> {
  const directories = folders.map((name) => join(configDirectory, name));
  const read = await Promise.all(directories.map((directory) => readManifests(directory, "ClusterRole")));
  const roles = read.flat();
  await Promise.all(roles.map((each) => apply(client, clusterRoles, each)));
  return roles.map((each) => each.metadata.name ?? "");
}

/** Server-side apply: creates the object, or takes over the fields that it names. */
export async function apply<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
): Promise<T> {
  const { name, namespace } = object.metadata;
  if (name === undefined) throw new Error(`a ${type.kind} without a name cannot be applied`);
  const at = namespace === undefined ? { name } : { name, namespace };
  return client.patch(type, at, object, { type: "apply", fieldManager: FIELD_MANAGER, force: true });
}

async function readManifests(directory: string, kind: string): Promise<UnknownObject[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
  // Those without it are CRDs beside it, which take long to parse.
  return texts
    .filter((text) => text.includes(`\nkind: ${kind}\n`))
    .flatMap((text) => parseAllDocuments(text, AS_GO_READS))
    .map((document): unknown => document.toJS())
    .filter((value): value is UnknownObject => isObjectOf(value, kind));
}

function isObjectOf(value: unknown, kind: string): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
