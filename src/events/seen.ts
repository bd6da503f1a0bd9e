import type { AgentTrigger } from "../api/agent-trigger.ts";
import type { Client } from "../client/client.ts";
import { isApiError } from "../client/errors.ts";
import { configMaps, type ConfigMap } from "../kube/builtin.ts";
import { triggerSeenName } from "../plan/specs/names.ts";
import { createRecord, findRecord } from "./trigger-record.ts";

/** The hashes of the last events that have started runs, in the ConfigMap `<trigger>-seen`: those runs may be deleted already. */
export interface Seen {
  has(trigger: AgentTrigger, hash: string): Promise<boolean>;
  /** Resolves once it is written. Many at a time become few writes. */
  add(trigger: AgentTrigger, hash: string): Promise<void>;
}

const MAX_HASHES = 1_000;
const KEY = "hashes";
const TRIES = 10;

export function createSeen(client: Pick<Client, "get" | "create" | "patch">): Seen {
  /** By the trigger's uid: what waits to be written, and the write that it waits for. */
  const batches = new Map<string, { hashes: Set<string>; next?: Promise<void>; current?: Promise<void> }>();
  return {
    async has(trigger, hash) {
      return hashesIn(await findRecord(client, trigger, nameOf(trigger))).includes(hash);
    },
    add(trigger, hash) {
      const uid = trigger.metadata.uid ?? "";
      const batch = batches.get(uid) ?? { hashes: new Set() };
      batches.set(uid, batch);
      batch.hashes.add(hash);
      batch.next ??= (async () => {
        await batch.current?.catch(() => undefined);
        batch.current = batch.next;
        batch.next = undefined;
        const hashes = [...batch.hashes];
        batch.hashes.clear();
        await write(client, trigger, hashes);
        if (batch.hashes.size === 0) batches.delete(uid);
      })();
      return batch.next;
    },
  };
}

function hashesIn(found: ConfigMap | undefined): string[] {
  return (found?.data?.[KEY] ?? "").split("\n").filter((each) => each !== "");
}

function nameOf({ metadata }: AgentTrigger): string {
  return triggerSeenName(metadata.name ?? "");
}

async function write(
  client: Pick<Client, "get" | "create" | "patch">,
  trigger: AgentTrigger,
  hashes: readonly string[],
): Promise<void> {
  const at = { namespace: trigger.metadata.namespace ?? "", name: nameOf(trigger) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found = await findRecord(client, trigger, at.name);
      const before = hashesIn(found).filter((each) => !hashes.includes(each));
      const data = { [KEY]: [...before, ...hashes].slice(-MAX_HASHES).join("\n") };
      if (found) {
        const { resourceVersion } = found.metadata;
        await client.patch(configMaps, at, { metadata: { resourceVersion }, data }, { type: "merge" });
      } else {
        await createRecord(client, trigger, at.name, data);
      }
      return;
    } catch (error) {
      // Another replica was first.
      const isRace = isApiError(error, "Conflict") || isApiError(error, "AlreadyExists");
      if (!isRace || attempt === TRIES) throw error;
    }
  }
}
