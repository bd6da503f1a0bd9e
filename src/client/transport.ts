/** One HTTP exchange with an API server, whatever carries it: a TLS connection or a function call. */

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, starting with `/`. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

export interface HttpResponse {
  status: number;
  /** Header names in lower case. */
  headers: Record<string, string>;
  /** The whole body as text. */
  text(): Promise<string>;
  /** The whole body. */
  bytes(): Promise<Buffer>;
  /** The body as it arrives, for watches and logs. Ends when the server ends it; throws on a broken connection. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Resolves for every HTTP status; rejects only where no answer came (network, abort). */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;
