import type { Transport } from "../../client/transport.ts";
import type { PodLogs } from "./pod-logs.ts";

/** Who a request comes from. `system:masters` may do everything. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
}

export interface ApiServerOptions {
  /** Where state, keys and the kubeconfig are kept; without it everything is in memory. */
  dataDir?: string;
  now?: () => Date;
  podLogs?: PodLogs;
}

export interface ListenOptions {
  /** A loopback address; default 127.0.0.1. */
  host?: string;
  /** 0 (default) takes any free port. */
  port?: number;
}

export interface Listening {
  /** `https://127.0.0.1:PORT` */
  url: string;
  /** The certificate authority, PEM. */
  ca: string;
  /** A kubeconfig (YAML) of a member of `system:masters`; the server also writes it to `dataDir/kubeconfig`, mode 0600. */
  adminKubeconfig: string;
  /** Path of the written kubeconfig, when there is a data dir. */
  kubeconfigPath?: string;
}

export interface ApiServer {
  /** An in-process connection, as `user` (default: an administrator in `system:masters`). */
  transport(user?: User): Transport;
  listen(options?: ListenOptions): Promise<Listening>;
  /** Ends watches, closes connections, makes everything durable. */
  close(): Promise<void>;
}

/** Starts an API server; it answers in-process at once and on a socket after `listen`. */
export declare function createApiServer(options?: ApiServerOptions): Promise<ApiServer>;
