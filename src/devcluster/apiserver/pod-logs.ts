/** What the API server needs from the node to answer `pods/NAME/log`. The kubelet implements it. */
import type { LogOptions } from "./request/log-options.ts";
import type { Status } from "../../kube/status.ts";

/** What is asked of one container's log. */
export interface PodLogOptions extends LogOptions {
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** Either the log, as it comes, or the node's refusal. */
export type PodLogAnswer = { chunks: AsyncIterable<Uint8Array> } | { status: Status };

/** Source of container logs. `open` must not throw for anything a client can ask for. */
export interface PodLogs {
  open(namespace: string, pod: string, options: PodLogOptions): Promise<PodLogAnswer>;
}
