import type { Container, ContainerState } from "../../../kube/builtin.ts";

/** How a container came to its end. */
export interface ContainerEnd {
  containerID: string;
  /** The exit code of its first process, 128+n after signal n. */
  exitCode: number;
  /** RFC 3339; undefined when its command was never run. */
  startedAt: string | undefined;
  finishedAt: string;
  /** Why its command could not be run. */
  startError: string | undefined;
  outOfMemory: boolean;
  /** What it says of its end. */
  message: string;
}

/** The most that is read of a termination message file. */
export const MESSAGE_BYTES = 4096;
/** What of the log stands in for a message. Source: pkg/kubelet/kuberuntime. */
export const FALLBACK = { lines: 80, bytes: 2048 };

/** Whether the end of the log is to be the message of a container that left `message` in its file. */
export function fallsBackToLog(container: Container, message: string, exitCode: number): boolean {
  const { terminationMessagePolicy } = container;
  return message === "" && exitCode !== 0 && terminationMessagePolicy === "FallbackToLogsOnError";
}

/** What the runtime says of a command that could not be run. */
export function startErrorMessage(message: string): string {
  return (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
    `unable to start container process: ${message}`
  );
}

/** The state of a container that has ended. */
export function terminatedState(end: ContainerEnd): NonNullable<ContainerState["terminated"]> {
  const { startError, exitCode, containerID, finishedAt } = end;
  const message = startError === undefined ? end.message : startErrorMessage(startError);
  // Also beside exit code 0: a program may outlive a child of it that was killed.
  const ended = end.outOfMemory ? "OOMKilled" : exitCode === 0 ? "Completed" : "Error";
  return {
    exitCode: startError === undefined ? exitCode : 128,
    reason: startError === undefined ? ended : "StartError",
    ...(message !== "" && { message }),
    startedAt: end.startedAt ?? "1970-01-01T00:00:00Z",
    finishedAt,
    containerID,
  };
}
