import type { Client } from "../../client/client.ts";
import type { RecordEvent } from "../controllers/events.ts";
import type { HostView } from "./host-view.ts";
import type { Limiter } from "./limiter.ts";
import type { MemoryWatch } from "./memory.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** What all pods of this machine share. */
export interface LocalNode {
  name: string;
  /** Address of the node and, as they share its network, of its pods. */
  ip: string;
  allocatable: Readonly<Record<string, string>>;
  /** Where pods are kept, a directory for each by uid. */
  podsDirectory: string;
  /** Where the roots of containers are laid out. */
  scratchDirectory: string;
  client: Client;
  sandbox: Sandbox;
  host: HostView;
  /** Set in every container, as a kubelet does for the API server: KUBERNETES_SERVICE_HOST and others. */
  serviceEnv: Readonly<Record<string, string>>;
  recordEvent: RecordEvent;
  /** Bounds how many containers are being started at once. */
  starting: Limiter;
  memory: MemoryWatch;
  /** The directory of a bound claim. */
  claimDirectory(namespace: string, claim: string): string | undefined;
}
