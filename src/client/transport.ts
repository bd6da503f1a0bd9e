/** One HTTP exchange with an API server, whatever carries it: a TLS connection or a function call. */

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, starting with `/`. */
  path: string;
  headers?: Record<string, string>;
  /** Or what makes it when it is sent: a long text is then held by nobody while the answer is awaited. */
  body?: string | (() => string);
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

/** Resolves for every HTTP status; rejects only if no answer came (network, abort). */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** The text of a request's body; undefined if it has none. */
export function bodyOf({ body }: Pick<HttpRequest, "body">): string | undefined {
  return typeof body === "function" ? body() : body;
}
