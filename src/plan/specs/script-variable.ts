/** The pods' containers by what they do: the init containers of a run, a workspace's and a removal's Job, those that verify and publish, the agent. */
export type ContainerGroup =
  | "git"
  | "workspace"
  | "cleanup"
  | "artifacts"
  | "authorities"
  | "snapshot"
  | "pack"
  | "push"
  | "setup"
  | "token"
  | "pull-request"
  | "agent";

/** One variable of the contract between the operator and the scripts in the git image. */
export interface ScriptVariable {
  /** The containers that the operator gives it to; none: a script sets it. */
  readonly given: readonly ContainerGroup[];
  /** The files of images/agent/scripts that use it; none: the agent itself does. */
  readonly usedBy: readonly string[];
  readonly meaning: string;
}

export function variable(
  given: readonly ContainerGroup[],
  usedBy: readonly string[],
  meaning: string,
): ScriptVariable {
  return { given, usedBy, meaning };
}
