import { fieldOf, isObject, textAt, valueAt } from "../../kube/json.ts";
import { timeOf } from "../../kube/time.ts";
import { cutEvent } from "./cut-event.ts";
import type { EventVariables } from "./expression.ts";

/** An event of GitHub's list of a repository's events. */
export interface PolledEvent {
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** As its webhook would have it, as far as the list says; undefined: it is too large. */
  variables?: EventVariables;
}

/** What is known of a repository's events. */
export interface PollRecord {
  /** Which repository of which API: those of another one are not told apart by their ids. */
  readonly of: string;
  /** Milliseconds since the epoch: events before start nothing. */
  readonly since: number;
  /** Of the newest answer. */
  readonly etag?: string;
  /** The ids of events that have been looked at, the newest first. */
  readonly ids: readonly string[];
}

const MAX_IDS = 1_000;

/** The events of one page, the newest first. What is no event is left out. */
export function eventsIn(page: unknown): PolledEvent[] {
  return (Array.isArray(page) ? page : []).flatMap((each: unknown): PolledEvent[] => {
    const id = textAt(each, "id");
    const type = textAt(each, "type");
    if (!/^[\w-]{1,64}$/.test(id) || !/^[A-Za-z]{1,64}$/.test(type)) return [];
    const event = cutEvent(asDelivered(each, type));
    const headers = { "x-github-event": headerOf(type), "x-github-delivery": id };
    return [
      {
        id,
        at: timeOf(textAt(each, "created_at"), 0),
        ...(isObject(event) && { variables: { event, headers } }),
      },
    ];
  });
}

/** Those that are to be looked at, the oldest first. */
export function newEvents(events: readonly PolledEvent[], { ids, since }: PollRecord): PolledEvent[] {
  const known = new Set(ids);
  const fresh = new Map(
    events.filter(({ id, at }) => at >= since && !known.has(id)).map((each) => [each.id, each]),
  );
  return [...fresh.values()].toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}

/** Whether older pages can hold no event that is new. */
export function reachesKnown(page: readonly PolledEvent[], { ids, since }: PollRecord): boolean {
  const known = new Set(ids);
  return page.some(({ id, at }) => at < since || known.has(id));
}

/** Once these have been looked at. */
export function recordWith(
  record: PollRecord,
  events: readonly PolledEvent[],
  etag: string | undefined,
): PollRecord {
  const { of, since } = record;
  const ids = [...new Set([...events.map(({ id }) => id), ...record.ids])].slice(0, MAX_IDS);
  return { of, since, ids, ...(etag !== undefined && { etag }) };
}

/** The list has the payload, and beside it who and where. */
function asDelivered(each: unknown, type: string): object {
  const payload = fieldOf(each, "payload");
  const given = isObject(payload) ? payload : {};
  const login = textAt(fieldOf(each, "actor"), "login");
  return {
    ...given,
    ...(type === "PushEvent" && { after: valueAt(given, "head") }),
    // The list does not say which accounts are bots; no other account may have brackets.
    sender: { login, id: valueAt(each, "actor", "id"), type: login.endsWith("[bot]") ? "Bot" : "User" },
    repository: { id: valueAt(each, "repo", "id"), full_name: textAt(fieldOf(each, "repo"), "name") },
  };
}

/** `PullRequestReviewEvent`: `pull_request_review`. */
function headerOf(type: string): string {
  return type
    .replace(/Event$/, "")
    .replaceAll(/(?<!^)[A-Z]/g, (letter) => `_${letter}`)
    .toLowerCase();
}
