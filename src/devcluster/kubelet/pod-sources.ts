import { unlessRefused } from "../../client/errors.ts";
import { configMaps, secrets } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { KeyedData, SourceNames, ValueSources } from "./pods/environment.ts";
import { configMapData, secretData } from "./pods/volume-files.ts";
import type { ResourceType } from "../../kube/resources.ts";
import type { LocalNode } from "./node.ts";

/** Reads what a pod's variables and files are made from, as it is now. */
export async function readSources(
  node: LocalNode,
  namespace: string,
  names: SourceNames,
): Promise<ValueSources> {
  const read = async <T extends KubeObject>(
    type: ResourceType<T>,
    wanted: readonly string[],
    data: (object: T | undefined) => KeyedData | undefined,
  ): Promise<ValueSources["secrets"]> => {
    const get = (name: string) => unlessRefused(node.client.get(type, { namespace, name }), "NotFound");
    return new Map(await Promise.all(wanted.map(async (name) => [name, data(await get(name))] as const)));
  };
  return {
    secrets: await read(secrets, names.secrets, secretData),
    configMaps: await read(configMaps, names.configMaps, configMapData),
    podIP: node.ip,
    hostIP: node.ip,
    nodeName: node.name,
    allocatable: node.allocatable,
  };
}
