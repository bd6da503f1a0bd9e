import type { RequestText } from "../../../kube/request/request-info.ts";
import type { User } from "../../../kube/access/user.ts";

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

export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  /** A whole body, or a function that is given the sink once the headers are out. */
  body: string | Buffer | ((sink: Sink) => void);
}
