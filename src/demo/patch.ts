import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../client/client.ts";
import { persistentVolumes } from "../kube/cluster-kinds.ts";
import { persistentVolumeClaims } from "../kube/builtin.ts";

/**
 * What a standalone run changed, in git's patch format, as its pod has left it on the claim. Undefined
 * if the volume is not a directory of this machine or holds no patch.
 */
export async function readPatch(
  client: Client,
  run: { namespace: string; name: string },
): Promise<string | undefined> {
  const at = { namespace: run.namespace, name: `${run.name}-workspace` };
  const { volumeName } = (await client.get(persistentVolumeClaims, at)).spec;
  if (volumeName === undefined) return undefined;
  const volume = await client.get(persistentVolumes, { name: volumeName });
  const directory = volume.spec?.hostPath?.path ?? volume.spec?.local?.path;
  if (directory === undefined) return undefined;
  try {
    return await readFile(join(directory, "runs", run.name, "patch"), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
