import { failure, invalid, versionTooLarge } from "../status-error.ts";
import { isTrue } from "./request-info.ts";

/** The query of a watch. */
export interface WatchOptions {
  /** The version after which changes are told; absent: the present objects are told first, each as ADDED. */
  readonly from: number | undefined;
  /** Whether a bookmark says where the present objects end. */
  readonly marksInitialEnd: boolean;
  readonly bookmarks: boolean;
  /** Undefined where the server chooses. */
  readonly timeoutSeconds: number | undefined;
  /** What a Table's rows show of their object: None, Metadata or Object. */
  readonly includeObject: string;
}

/** Reads the query of a watch, when `current` is the latest version; throws in the server's words. */
export function parseWatchOptions(query: URLSearchParams, current: number): WatchOptions {
  const sendInitial = checkInitialEvents(query);
  const from = parseWatchVersion(query.get("resourceVersion") ?? "");
  if (from > current) throw versionTooLarge(from, current);
  const timeoutSeconds = Number(query.get("timeoutSeconds") ?? 0);
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  return {
    from: (sendInitial ?? from === 0) ? undefined : from === 0 ? current : from,
    marksInitialEnd: bookmarks && sendInitial === true,
    bookmarks,
    timeoutSeconds: Number.isFinite(timeoutSeconds) && timeoutSeconds > 0 ? timeoutSeconds : undefined,
    includeObject: query.get("includeObject") ?? "Metadata",
  };
}

/** Whether a watch asks for the present objects first; undefined where it does not say. */
function checkInitialEvents(query: URLSearchParams): boolean | undefined {
  const text = query.get("sendInitialEvents");
  if (text === null) return undefined;
  const refuse = (field: string, detail: string) =>
    invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", [
      { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field },
    ]);
  if (query.get("resourceVersionMatch") !== "NotOlderThan") {
    throw refuse(
      "resourceVersionMatch",
      "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
  }
  return isTrue(text);
}

/** A watch answers a version that is no number with 500, as recorded of a real server. */
function parseWatchVersion(text: string): number {
  if (text === "") return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw failure(
    500,
    undefined,
    `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}
