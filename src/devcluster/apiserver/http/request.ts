import type { User } from "../access/user.ts";
import type { RequestText } from "../request/request-info.ts";
import type { Response } from "../request/response.ts";

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

/** Byte streams in both directions that share one connection, each by its number. */
export interface Channels {
  /** Resolves when more may be sent, also if the connection has ended. */
  send(channel: number, bytes: Uint8Array): Promise<void>;
  /** What the client sends, until it or the connection ends. Throws if it breaks the protocol. */
  messages(): AsyncIterable<{ channel: number; bytes: Uint8Array }>;
  close(): void;
}

/** One answer: a whole body, or a function that is given the sink once the headers are out; or what takes the connection over. */
export interface ApiResponse extends Omit<Response, "body"> {
  readonly upgrade?: { readonly protocol: string; channels(channels: Channels): void };
  readonly body: string | ((sink: Sink) => void);
}

/** The path and the query of a request's target. */
export function splitTarget(target: string): Pick<ApiRequest, "path" | "query"> {
  const mark = target.indexOf("?");
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}
