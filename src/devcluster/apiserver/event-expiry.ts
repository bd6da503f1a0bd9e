import type { MutableObject } from "./answers/json-object.ts";
import { isExpiredEvent } from "./kinds/events.ts";
import type { ApiContext } from "./context.ts";

const TABLE = "/events";
const EVERY_MS = 5 * 60 * 1000;

/** Removes Events that have been kept long enough, from time to time. */
export function expireEvents({ store, now }: ApiContext): { stop(): void } {
  const sweep = (): void => {
    for (const { key, json } of store.table(TABLE).values()) {
      if (!isExpiredEvent(JSON.parse(json) as MutableObject, now())) continue;
      // One that cannot be removed now is found again by the next sweep.
      store.remove(TABLE, key).catch(() => undefined);
    }
  };
  const timer = setInterval(sweep, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
