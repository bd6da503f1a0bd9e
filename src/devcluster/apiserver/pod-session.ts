import type { Readable, Writable } from "node:stream";
import type { Status } from "../../kube/status.ts";

/** A command that runs in a container beside its own. */
export interface ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The exit code, 128+n after signal n, or why the command could not be started. */
  readonly ended: Promise<number | string>;
  kill(): void;
}

/** What the API server needs from the node to answer `pods/NAME/exec`: how to start the command, or why it cannot be. The kubelet implements it. */
export type OpenExec = (
  namespace: string,
  pod: string,
  request: { container: string; command: readonly string[] },
) => Promise<{ start(): ExecSession } | { status: Status }>;
