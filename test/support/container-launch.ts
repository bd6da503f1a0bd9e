import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM_PATH } from "../../src/devcluster/kubelet/sandbox/detect.ts";
import type { ContainerLaunch } from "../../src/devcluster/kubelet/sandbox/sandbox.ts";

/** An ordinary container that runs this command; its root is made in a new directory below `scratch`. */
export function launchOf(
  scratch: string,
  argv: string[],
  changes: Partial<ContainerLaunch> = {},
): ContainerLaunch {
  return {
    directory: mkdtempSync(join(scratch, "container-")),
    argv,
    env: { PATH: SYSTEM_PATH },
    workingDir: "/",
    hostname: "pod-1",
    mounts: [],
    uid: 1000,
    gid: 1000,
    supplementalGroups: [],
    readOnlyRootFilesystem: false,
    allowPrivilegeEscalation: false,
    capabilities: [],
    ...changes,
  };
}
