import type { ForgeAccess } from "./forge-fetch.ts";
import { githubRequest } from "./github.ts";

/** A page of a repository's events. */
export interface EventPage {
  /** As the forge has sent it; undefined: nothing has changed. */
  events?: unknown;
  etag?: string;
  /** So long the forge wants to be left alone. */
  pollAfterMs: number;
}

export const EVENTS_PER_PAGE = 30;
/** GitHub lists the last 300 events. */
export const MAX_PAGES = 10;
/** An event has a comment and its issue, of 65,536 characters each that strangers may write. */
const MAX_BYTES = EVENTS_PER_PAGE * 2 * 65_536 * 6;
const MAX_POLL_SECONDS = 3_600;

/** The newest events of a repository. With the tag of an answer: only if there are others since. Throws a ForgeRefusal. */
export async function githubEvents(
  access: ForgeAccess,
  project: string,
  { page, etag }: { page: number; etag?: string | undefined },
): Promise<EventPage> {
  const [owner = "", repo = ""] = project.split("/");
  const { status, data, headers } = await githubRequest({ ...access, maxBytes: MAX_BYTES })(
    "GET /repos/{owner}/{repo}/events",
    {
      owner,
      repo,
      page,
      per_page: EVENTS_PER_PAGE,
      ...(etag !== undefined && { headers: { "if-none-match": etag } }),
    },
  ).catch((error: unknown) => {
    // The client makes an error of what is none.
    if (isNotModified(error)) return error.response;
    throw error;
  });
  const seconds = Number(headers["x-poll-interval"] ?? 0);
  const pollAfterMs = seconds > 0 ? Math.min(seconds, MAX_POLL_SECONDS) * 1_000 : 0;
  if ((status as number) === 304) return { pollAfterMs };
  return { events: data, pollAfterMs, ...(typeof headers.etag === "string" && { etag: headers.etag }) };
}

interface NotModified {
  response: { status: number; data: unknown; headers: Record<string, string | number | undefined> };
}

function isNotModified(error: unknown): error is NotModified {
  return error instanceof Error && "status" in error && error.status === 304 && "response" in error;
}
