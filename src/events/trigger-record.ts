import type { AgentTrigger } from "../api/agent-trigger.ts";
import { LABEL_TRIGGER } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { configMaps, type ConfigMap } from "../kube/builtin.ts";
import { isOwnedBy } from "../kube/objects.ts";
import { ownedByTrigger } from "../plan/specs/owner.ts";

/** The ConfigMap of this name, if it is there and the trigger's. */
export async function findRecord(
  client: Pick<Client, "get">,
  { metadata }: AgentTrigger,
  name: string,
): Promise<ConfigMap | undefined> {
  const { namespace = "", uid } = metadata;
  try {
    const found = await client.get(configMaps, { namespace, name });
    return isOwnedBy(found, uid) ? found : undefined;
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** A ConfigMap of this name that goes with its trigger. */
export async function createRecord(
  client: Pick<Client, "create">,
  trigger: AgentTrigger,
  name: string,
  data: Record<string, string>,
): Promise<void> {
  const { namespace = "", name: owner = "", uid = "" } = trigger.metadata;
  const metadata = {
    namespace,
    name,
    labels: { [LABEL_TRIGGER]: owner },
    ownerReferences: [ownedByTrigger({ name: owner, uid })],
  };
  await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
}
