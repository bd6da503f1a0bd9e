import type { User } from "../../../kube/access/user.ts";
import type { RequestText } from "../../../kube/request/request-info.ts";

/** One request, whatever carried it. */
export interface ApiRequest extends RequestText {
  readonly method: string;
  /** Without the query, still percent-encoded. */
  readonly path: string;
  readonly user: User;
  readonly signal: AbortSignal;
}

/** Where a stream's chunks go. `write` says whether the reader keeps up; the stream ends when it does not. */
export interface Sink {
  write(chunk: Uint8Array): boolean;
  end(): void;
}

/** One answer, whatever carries it. */
export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  /** A whole body, or a function that is given the sink once the headers are out. */
  body: string | Buffer | ((sink: Sink) => void);
}

/** A whole answer in JSON. */
export function jsonResponse(status: number, json: string, contentType = "application/json"): ApiResponse {
  return { status, headers: { "content-type": contentType }, body: json };
}

/** A whole answer in plain text. */
export function textResponse(status: number, body: string): ApiResponse {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** Where nothing is served at all: plain text, as Go's router answers. */
export function pageNotFound(): ApiResponse {
  return textResponse(404, "404 page not found\n");
}
