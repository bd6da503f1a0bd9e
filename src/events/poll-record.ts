import type { AgentTrigger } from "../api/agent-trigger.ts";
import { LABEL_TRIGGER } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { configMaps, type ConfigMap } from "../kube/builtin.ts";
import { isOwnedBy } from "../kube/objects.ts";
import { timeOf } from "../kube/time.ts";
import type { PollRecord } from "../plan/agent-trigger/polled.ts";
import { triggerPolledName } from "../plan/specs/names.ts";
import { ownedByTrigger } from "../plan/specs/owner.ts";

type Calls = Pick<Client, "get" | "create" | "patch">;

/** What is known of the events of a repository, as the ConfigMap `<trigger>-polled` has it; that of a new trigger if there is none. */
export async function readPollRecord(
  client: Calls,
  trigger: AgentTrigger,
  of: string,
  now: number,
): Promise<PollRecord> {
  const data = (await find(client, trigger))?.data;
  const since = timeOf(trigger.metadata.creationTimestamp, now);
  if (!data) return { of, since, ids: [] };
  // Of another repository, what happens from now on counts.
  if (data["of"] !== of) return { of, since: now, ids: [] };
  const ids = (data["ids"] ?? "").split("\n").filter((each) => each !== "");
  const { etag } = data;
  return { of, since: Number(data["since"]) || since, ids, ...(etag !== undefined && { etag }) };
}

/** Rejects if it is not written. */
export async function writePollRecord(
  client: Calls,
  trigger: AgentTrigger,
  record: PollRecord,
): Promise<void> {
  const { namespace = "", name = "", uid = "" } = trigger.metadata;
  const at = { namespace, name: triggerPolledName(name) };
  const { of, since, ids, etag } = record;
  const data = { of, since: String(since), ids: ids.join("\n"), etag: etag ?? "" };
  const found = await find(client, trigger);
  if (found) {
    await client.patch(configMaps, at, { metadata: { uid: found.metadata.uid }, data }, { type: "merge" });
    return;
  }
  const metadata = {
    ...at,
    labels: { [LABEL_TRIGGER]: name },
    ownerReferences: [ownedByTrigger({ name, uid })],
  };
  await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
}

async function find(client: Calls, { metadata }: AgentTrigger): Promise<ConfigMap | undefined> {
  const { namespace = "", name = "", uid } = metadata;
  try {
    const found = await client.get(configMaps, { namespace, name: triggerPolledName(name) });
    return isOwnedBy(found, uid) ? found : undefined;
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}
