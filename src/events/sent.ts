import type { AgentNotifier } from "../api/agent-notifier.ts";
import { LABEL_NAME, OPERATOR_NAME } from "../api/labels.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { configMaps, type ConfigMap } from "../kube/builtin.ts";
import { isOwnedBy } from "../kube/objects.ts";
import { OVER, type Settled, STARTED } from "../plan/agent-notifier/due.ts";
import { ownedByNotifier } from "../plan/specs/owner.ts";
import { notifierSentName } from "../plan/specs/names.ts";

/** What is settled of which runs, by uid, as the ConfigMap `<notifier>-sent` has it. */
export interface SentRecord {
  readonly settled: Map<string, Settled>;
  /** Milliseconds since the epoch: what happened before is settled too. */
  since: number;
  /** Of the ConfigMap; undefined: there is none. */
  uid?: string | undefined;
}

/** Another object has the record's name. */
export class RecordTakenError extends Error {}

type Calls = Pick<Client, "get" | "create" | "patch">;

/** No uid. */
const SINCE = "since";

/** Empty if nothing is written yet. Rejects with RecordTakenError. */
export async function readSent(client: Calls, notifier: AgentNotifier): Promise<SentRecord> {
  const found = await find(client, notifier);
  const { [SINCE]: since, ...data } = found?.data ?? {};
  const settled = Object.entries(data).map(([run, level]): [string, Settled] => [
    run,
    level === String(STARTED) ? STARTED : OVER,
  ]);
  return { settled: new Map(settled), since: Number(since ?? 0) || 0, uid: found?.metadata.uid };
}

/** Writes what has changed of these runs. Rejects if it is not written. */
export async function writeSent(
  client: Calls,
  notifier: AgentNotifier,
  record: SentRecord,
  changed: Iterable<string>,
): Promise<void> {
  const at = placeOf(notifier);
  const patch = async (runs: Iterable<string>): Promise<void> => {
    const metadata = { uid: record.uid };
    await client.patch(configMaps, at, { metadata, data: dataOf(record, runs) }, { type: "merge" });
  };
  if (record.uid !== undefined) {
    try {
      return await patch(changed);
    } catch (error) {
      // Somebody has deleted it.
      if (!isApiError(error, "NotFound") && !isApiError(error, "Conflict")) throw error;
      record.uid = undefined;
    }
  }
  const { name = "", uid = "" } = notifier.metadata;
  const metadata = {
    ...at,
    labels: { [LABEL_NAME]: OPERATOR_NAME },
    ownerReferences: [ownedByNotifier({ name, uid })],
  };
  try {
    const data = dataOf(record, record.settled.keys());
    const made = await client.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata, data });
    record.uid = made.metadata.uid;
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    record.uid = (await find(client, notifier))?.metadata.uid;
    await patch(record.settled.keys());
  }
}

/** A merge patch takes null for a run that is gone. */
function dataOf({ settled, since }: SentRecord, runs: Iterable<string>): Record<string, string> {
  const levels = [...runs].map((run) => [run, settled.get(run)?.toString() ?? null] as const);
  return Object.fromEntries([...levels, [SINCE, String(since)]]) as Record<string, string>;
}

function placeOf({ metadata }: AgentNotifier): { namespace: string; name: string } {
  const { namespace = "", name = "" } = metadata;
  return { namespace, name: notifierSentName(name) };
}

async function find(client: Calls, notifier: AgentNotifier): Promise<ConfigMap | undefined> {
  const at = placeOf(notifier);
  try {
    const found = await client.get(configMaps, at);
    if (isOwnedBy(found, notifier.metadata.uid)) return found;
    throw new RecordTakenError(`ConfigMap ${at.name} exists and is not this AgentNotifier's`);
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}
