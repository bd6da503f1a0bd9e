import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import type { HttpRequest, HttpResponse } from "../transport.ts";

/** Several values of one header are their own lines. */
export type RequestHeaders = Readonly<Record<string, string | string[]>>;

/** Connections to one server under one identity. */
export interface Connections {
  /** Sends the request with these headers. Rejects with a `ConnectionLostError` if sending it again may help. */
  exchange(request: HttpRequest, headers: RequestHeaders): Promise<HttpResponse>;
  /** Ends the connections that carry nothing; what is under way keeps its own. */
  retire(): void;
  /** Ends every connection; requests under way fail. */
  close(): void;
}

export interface Endpoint {
  hostname: string;
  port: number;
  /** What every path begins with; no slash at its end. */
  prefix: string;
  /** No answer, or no further byte of a body read as text, for so long: the request has failed. */
  timeoutMs: number;
  /** A connection that has carried nothing for so long is closed. */
  idleTimeoutMs: number;
  /** Opens a way to the server through a proxy within so long; undefined: straight. */
  tunnel?: (to: { hostname: string; port: number }, limitMs: number) => Promise<Socket>;
}

export const CONNECT_LIMIT_MS = 10_000;

/** A connection ended without an answer; `cause` is the error as it came. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  /** False if the server has said that it did not begin with the request. */
  readonly mayHaveRun: boolean;

  constructor(cause: Error, mayHaveRun: boolean) {
    super(cause.message, { cause });
    this.mayHaveRun = mayHaveRun;
  }
}

export const TCP_KEEP_ALIVE_MS = 30_000;

/** Calls `giveUp` when the signal says so, until the function that it returns is called. Throws if it has. */
export function onAbort(signal: AbortSignal | undefined, giveUp: (error: Error) => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) throw abortedError(signal);
  // One signal stops a whole program here: dozens of requests share it, and that is no leak.
  setMaxListeners(0, signal);
  const abort = (): void => giveUp(abortedError(signal));
  signal.addEventListener("abort", abort);
  return () => signal.removeEventListener("abort", abort);
}

function abortedError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error("the request was given up");
}

export function timeoutError(endpoint: Endpoint, request: HttpRequest): Error {
  const { hostname, port, timeoutMs } = endpoint;
  return new Error(
    `${hostname}:${port} sent nothing for ${timeoutMs} ms (${request.method} ${request.path})`,
  );
}

export function noConnectionError({ hostname, port }: Endpoint, limitMs: number): Error {
  return new Error(`${hostname}:${port} took no connection within ${limitMs} ms`);
}
