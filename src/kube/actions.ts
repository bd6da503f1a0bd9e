/** Types of core/v1 for probes and lifecycle hooks, as far as they are read here. Source: k8s.io/api. */

/** What is done in or at a container: for a probe or a lifecycle hook. */
export interface ContainerAction {
  exec?: { command?: string[] };
  httpGet?: {
    path?: string;
    port: string | number;
    host?: string;
    scheme?: string;
    httpHeaders?: { name: string; value: string }[];
  };
  tcpSocket?: { port: string | number; host?: string };
  sleep?: { seconds: number };
  grpc?: { port: number; service?: string };
}

export interface Probe extends ContainerAction {
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number;
}
