import type { Client } from "../client/client.ts";
import { listPages } from "../client/list-pages.ts";
import { events, type Event } from "../kube/builtin.ts";

/** What a Warning event is about. */
export interface Regarded {
  kind: string;
  name: string;
}

/** The newest Warning event about an object, in Kubernetes' own words; undefined where there is none. Rejects with `ApiError`. */
export type Warnings = (namespace: string, about: Regarded) => Promise<string | undefined>;

/** A namespace's warnings are asked for once in so long. */
const FRESH_MS = 5_000;
const PAGE_SIZE = 500;

/** Of each object, by kind and name, what its newest Warning says and when it was seen. */
type NewestWarnings = ReadonlyMap<string, { text: string; at: number }>;

/**
 * Asks for the events of a whole namespace, once for all who ask within a few seconds. API servers keep no index of
 * events and read all of a namespace for whichever object is asked about: where a hundred runs wait for their pods,
 * an API server with much to do already would do that a hundred times.
 */
export function createWarnings(client: Pick<Client, "list">): Warnings {
  const known = new Map<string, Promise<NewestWarnings>>();

  function read(namespace: string): Promise<NewestWarnings> {
    const reading = newestOf(client, namespace);
    known.set(namespace, reading);
    reading.then(
      () => setTimeout(() => known.delete(namespace), FRESH_MS).unref(),
      () => known.delete(namespace),
    );
    return reading;
  }

  return async (namespace, about) => {
    const newest = await (known.get(namespace) ?? read(namespace));
    return newest.get(keyOf(about))?.text;
  };
}

async function newestOf(client: Pick<Client, "list">, namespace: string): Promise<NewestWarnings> {
  const newest = new Map<string, { text: string; at: number }>();
  const query = { namespace, fieldSelector: "type=Warning", limit: PAGE_SIZE, omit: ["managedFields"] };
  for await (const { items } of listPages(client, events, query)) {
    for (const event of items) {
      const key = keyOf(event.regarding ?? {});
      const at = timeOf(event);
      if (at < (newest.get(key)?.at ?? 0)) continue;
      newest.set(key, { text: `${event.reason}: ${event.note ?? ""}`.trim(), at });
    }
  }
  return newest;
}

function keyOf({ kind, name }: Partial<Regarded>): string {
  return `${kind}/${name}`;
}

function timeOf({ series, eventTime, metadata }: Event): number {
  const at = series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp;
  return at ? Date.parse(at) : 0;
}
