import { isJsonObject, metaOf, partOf, textOf, type JsonObject } from "../../kube/json-object.ts";
import type { ApiContext } from "./context.ts";

const TABLE = "/events";
const LIFETIME_MS = 60 * 60 * 1000;
const EVERY_MS = 5 * 60 * 1000;

/** Events live for an hour after they were last seen, as a real server's `--event-ttl` has it. */
export function expireEvents(context: ApiContext): { stop(): void } {
  const sweep = (): void => {
    const oldest = context.now().getTime() - LIFETIME_MS;
    const table = context.store.table(TABLE);
    for (const stored of table.values()) {
      const event: unknown = JSON.parse(stored.json);
      if (!isJsonObject(event) || lastSeen(event) >= oldest) continue;
      // One that cannot be removed now is found again by the next sweep.
      context.store.remove(TABLE, stored.key).catch(() => undefined);
    }
  };
  const timer = setInterval(sweep, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function lastSeen(event: JsonObject): number {
  const times = [
    metaOf(event).creationTimestamp ?? "",
    textOf(event, "lastTimestamp"),
    textOf(partOf(event, "series"), "lastObservedTime"),
  ];
  return Math.max(...times.filter((time) => time !== "").map((time) => new Date(time).getTime()));
}
