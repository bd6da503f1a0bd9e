import { forbidden, notSupported, type FieldError } from "../../../kube/field-errors.ts";
import { failure, versionTooLarge } from "../answers/status-error.ts";
import { optionsError } from "./options.ts";
import { readInteger, readVersion } from "./query.ts";
import { isTrue } from "./request-info.ts";

/** The query of a watch. */
export interface WatchOptions {
  /** The version after which changes are reported; absent: the present objects are reported first, each as ADDED. */
  readonly from: number | undefined;
  /** Whether a bookmark says where the present objects end. */
  readonly marksInitialEnd: boolean;
  readonly bookmarks: boolean;
  /** Undefined if the server chooses. */
  readonly timeoutSeconds: number | undefined;
  /** What a Table's rows show of their object: None, Metadata or Object. */
  readonly includeObject: string;
}

/** Reads the query of a watch, when `current` is the latest version; throws in the server's words. */
export function parseWatchOptions(query: URLSearchParams, current: number): WatchOptions {
  const sendInitial = checkInitialEvents(query);
  const from = parseExactVersion(query.get("resourceVersion") ?? "");
  if (from > current) throw versionTooLarge(from, current);
  const timeoutSeconds = readInteger(query, "timeoutSeconds") ?? 0;
  readInteger(query, "limit");
  const bookmarks = isTrue(query.get("allowWatchBookmarks"));
  return {
    from: (sendInitial ?? from === 0) ? undefined : from === 0 ? current : from,
    marksInitialEnd: bookmarks && sendInitial === true,
    bookmarks,
    timeoutSeconds: timeoutSeconds > 0 ? timeoutSeconds : undefined,
    includeObject: query.get("includeObject") ?? "Metadata",
  };
}

/** Whether a watch asks for the present objects first; undefined if it does not say. */
function checkInitialEvents(query: URLSearchParams): boolean | undefined {
  const text = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  const errors: FieldError[] = [];
  if (text === null && match !== "") {
    const detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    errors.push(forbidden("resourceVersionMatch", detail));
  }
  if (text !== null && match !== "NotOlderThan") {
    const detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    errors.push(forbidden("resourceVersionMatch", detail));
  }
  if (match !== "" && match !== "NotOlderThan") {
    errors.push(notSupported("resourceVersionMatch", match, ["NotOlderThan"]));
  }
  if (errors.length > 0) throw optionsError("ListOptions", errors);
  return text === null ? undefined : isTrue(text);
}

/** The version that a get or a watch asks for; 0 if there is none. What is no number is 500, as recorded of a real server. */
export function parseExactVersion(text: string): number {
  const { value, error } = readVersion(text === "" ? "0" : text);
  if (error === undefined) return value;
  const field = `resourceVersion: Invalid value: ${JSON.stringify(text)}`;
  throw failure(500, undefined, `${field}: ${error}`);
}
