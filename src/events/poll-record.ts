import type { AgentTrigger } from "../api/agent-trigger.ts";
import type { Client } from "../client/client.ts";
import { configMaps } from "../kube/builtin.ts";
import { timeOf } from "../kube/time.ts";
import type { PollRecord } from "../plan/agent-trigger/polled.ts";
import { triggerPolledName } from "../plan/specs/names.ts";
import { createRecord, findRecord } from "./trigger-record.ts";

type Calls = Pick<Client, "get" | "create" | "patch">;

/** What is known of the events of a repository, as the ConfigMap `<trigger>-polled` has it; that of a new trigger if there is none. */
export async function readPollRecord(
  client: Calls,
  trigger: AgentTrigger,
  of: string,
  now: number,
): Promise<PollRecord> {
  const data = (await findRecord(client, trigger, nameOf(trigger)))?.data;
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
  const at = { namespace: trigger.metadata.namespace ?? "", name: nameOf(trigger) };
  const { of, since, ids, etag } = record;
  const data = { of, since: String(since), ids: ids.join("\n"), etag: etag ?? "" };
  const found = await findRecord(client, trigger, at.name);
  if (!found) return createRecord(client, trigger, at.name, data);
  await client.patch(configMaps, at, { metadata: { uid: found.metadata.uid }, data }, { type: "merge" });
}

function nameOf({ metadata }: AgentTrigger): string {
  return triggerPolledName(metadata.name ?? "");
}
