import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { namespaces } from "../../kube/builtin.ts";
import {
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  deployments,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
} from "../../kube/cluster-kinds.ts";
import { isObject } from "../../kube/json.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { ResourceType } from "../../kube/resources.ts";
import { AS_GO_READS } from "../../kube/yaml.ts";

/** The kinds that config/ holds. */
const TYPES: readonly ResourceType[] = [
  namespaces,
  serviceAccounts,
  services,
  deployments,
  podDisruptionBudgets,
  clusterRoles,
  clusterRoleBindings,
  roles,
  roleBindings,
  customResourceDefinitions,
];

/** An object of config/ and how a client addresses it. */
export interface Manifest {
  type: ResourceType;
  object: KubeObject;
}

/**
 * The objects of a kustomization that only lists resources, as those of config/crd and config/default do.
 * Rejects if there is none.
 */
export async function readKustomization(directory: string): Promise<Manifest[]> {
  const resources = await resourcesOf(directory);
  const lists = await Promise.all(
    resources.map(async (resource) => {
      const path = join(directory, resource);
      return resource.endsWith(".yaml") ? readManifests(path) : readKustomization(path);
    }),
  );
  return lists.flat();
}

async function resourcesOf(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((): string[] => []);
  if (!names.includes("kustomization.yaml")) throw new Error(`${directory} holds no kustomization.yaml`);
  const kustomization: unknown = parse(
    await readFile(join(directory, "kustomization.yaml"), "utf8"),
    AS_GO_READS,
  );
  const resources = isObject(kustomization) ? kustomization["resources"] : undefined;
  return Array.isArray(resources) ? resources.map(String) : [];
}

async function readManifests(path: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(path, "utf8"), AS_GO_READS);
  return documents.map((document) => {
    const object = document.toJS() as KubeObject;
    const type = TYPES.find(({ kind }) => kind === object.kind);
    if (type === undefined) throw new Error(`${path}: there is no way to install a ${object.kind}`);
    return { type, object };
  });
}
