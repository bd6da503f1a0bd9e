import type { Transport } from "../client/transport.ts";
import type { SandboxMode } from "./kubelet/sandbox/sandbox.ts";

export interface DevClusterOptions {
  /** Where everything is kept: API objects, keys, the kubeconfig, claims, logs. Default: a temporary directory, removed by `stop`. */
  dataDir?: string;
  /** Port of the API server on 127.0.0.1; 0 (default) takes any free one. */
  port?: number;
  /** The host's PATH, as containers are to see it. Default: the usual system directories. */
  path?: string;
  /** Directories put before `path`, such as a checkout's `node_modules/.bin`; reachable even where containers do not see their place on the host. */
  toolDirectories?: readonly string[];
  /** Git remotes answered by a local repository: `{"https://github.com/org/repo.git": "/srv/repo"}`. */
  gitMirrors?: Readonly<Record<string, string>>;
  /** Lines added to containers' /etc/hosts: `{"litellm-proxy": "127.0.0.1"}`. */
  hosts?: Readonly<Record<string, string>>;
  /** Forces one way of isolating containers; default: the best that this machine offers. */
  sandbox?: SandboxMode;
}

export interface DevCluster {
  /** A kubeconfig of an administrator, mode 0600. */
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** An in-process connection of an administrator. */
  readonly transport: Transport;
  /** How containers are isolated on this machine, and in which words to tell the user. */
  readonly sandbox: { mode: SandboxMode; description: string };
  readonly dataDir: string;
  /** Stops containers, controllers and the API server; afterwards nothing of the cluster runs. */
  stop(): Promise<void>;
}

/** Starts the API server, the controllers and the kubelet in this process. */
export declare function startDevCluster(options?: DevClusterOptions): Promise<DevCluster>;
