import type { Client } from "../client/client.ts";
import { listPages } from "../client/list-pages.ts";
import { events, type Event, type ObjectReference } from "../kube/builtin.ts";

/** What a Warning event is about. */
export type Regarding = Required<Pick<ObjectReference, "kind" | "name">>;

/** Which of an object's Warnings count. */
export interface WarningFilter {
  /** Milliseconds since the epoch: older ones are of what is over. */
  since?: number;
  /** Without what the scheduler says, which it repeats many seconds after the pod has got its node. */
  isScheduled?: boolean;
}

/** The newest Warning event about an object that counts, in Kubernetes' own words; undefined if there is none. Rejects with `ApiError`. */
export type Warnings = (
  namespace: string,
  regarding: Regarding,
  filter?: WarningFilter,
) => Promise<string | undefined>;

/** A namespace's warnings are asked for once in so long. */
const FRESH_MS = 5_000;
const PAGE_SIZE = 500;

interface Warning {
  reason: string;
  text: string;
  at: number;
}

/** Of each object, by kind and name, what its Warnings say and when they were last seen. */
type KnownWarnings = ReadonlyMap<string, readonly Warning[]>;

const SCHEDULING = new Set(["FailedScheduling", "Preempted"]);
/** `Error: ErrImagePull` beside an event that says what went wrong. */
const SAYS_NOTHING = /^Failed: Error: \w+$/;

/**
 * Asks for the events of a whole namespace, once for all who ask within a few seconds. API servers keep no index of
 * events and read all of a namespace for whichever object is asked about: where a hundred runs wait for their pods,
 * an API server with much to do already would do that a hundred times.
 */
export function createWarnings(client: Pick<Client, "list">): Warnings {
  const known = new Map<string, Promise<KnownWarnings>>();

  function read(namespace: string): Promise<KnownWarnings> {
    const reading = warningsOf(client, namespace);
    known.set(namespace, reading);
    reading.then(
      () => setTimeout(() => known.delete(namespace), FRESH_MS).unref(),
      () => known.delete(namespace),
    );
    return reading;
  }

  return async (namespace, regarding, { since = 0, isScheduled = false } = {}) => {
    const all = (await (known.get(namespace) ?? read(namespace))).get(keyOf(regarding)) ?? [];
    const matching = all
      .filter(({ reason, at }) => at >= since && !(isScheduled && SCHEDULING.has(reason)))
      .toSorted((a, b) => b.at - a.at);
    return (matching.find(({ text }) => !SAYS_NOTHING.test(text)) ?? matching[0])?.text;
  };
}

async function warningsOf(client: Pick<Client, "list">, namespace: string): Promise<KnownWarnings> {
  const known = new Map<string, Warning[]>();
  const query = { namespace, fieldSelector: "type=Warning", limit: PAGE_SIZE, omit: ["managedFields"] };
  for await (const { items } of listPages(client, events, query)) {
    for (const event of items) {
      const key = keyOf(event.regarding ?? {});
      const { reason = "", note = "" } = event;
      const warning = { reason, text: `${reason}: ${note}`.trim(), at: timeOf(event) };
      known.set(key, [...(known.get(key) ?? []), warning]);
    }
  }
  return known;
}

function keyOf({ kind, name }: Partial<Regarding>): string {
  return `${kind}/${name}`;
}

/** The scheduler writes a time and a series, all others only the times of the older API. */
function timeOf({ series, eventTime, deprecatedLastTimestamp, metadata }: Event): number {
  const at = series?.lastObservedTime ?? eventTime ?? deprecatedLastTimestamp ?? metadata.creationTimestamp;
  return at ? Date.parse(at) : 0;
}
