/** What the API server needs from the node to answer `pods/NAME/log`. The kubelet implements it. */
import type { Status } from "../../kube/status.ts";

/** The query of a log request, with the server's defaults applied. Times are RFC 3339. */
export interface PodLogOptions {
  container: string;
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  sinceSeconds?: number;
  sinceTime?: string;
  tailLines?: number;
  limitBytes?: number;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** Either the log, as it comes, or the node's refusal. */
export type PodLogAnswer = { chunks: AsyncIterable<Uint8Array> } | { status: Status };

/** Source of container logs. `open` must not throw for anything a client can ask for. */
export interface PodLogs {
  open(namespace: string, pod: string, options: PodLogOptions): Promise<PodLogAnswer>;
}
