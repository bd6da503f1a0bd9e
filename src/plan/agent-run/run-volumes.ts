import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentRun } from "../../api/agent-run.ts";
import type { UserVolumes } from "../specs/user-volumes.ts";

/** What the user mounts: the run's own, or the AgentConfig's if the run names neither volumes nor mounts; undefined: nothing. */
export function volumesOf(
  { spec }: Pick<AgentRun, "spec">,
  config: AgentConfig | undefined,
): UserVolumes | undefined {
  const { defaultVolumes = [], defaultVolumeMounts = [] } = config?.spec ?? {};
  const isOwn = spec.volumes !== undefined || spec.volumeMounts !== undefined;
  const volumes = isOwn ? (spec.volumes ?? []) : defaultVolumes;
  const mounts = isOwn ? (spec.volumeMounts ?? []) : defaultVolumeMounts;
  return volumes.length === 0 ? undefined : { volumes, mounts };
}
