import packageInfo from "../../package.json" with { type: "json" };

/** The images of one release. */
export interface Images {
  operator: string;
  git: string;
  agent: string;
}

/** The images that this repository builds, pinned by its version: below `registry`, else by their bare names. */
export function imagesIn(registry?: string): Images {
  const prefix = registry === undefined ? "" : `${registry.replace(/\/+$/, "")}/`;
  const image = (name: string): string => `${prefix}${name}:${packageInfo.version}`;
  return {
    operator: image("agent-operator"),
    git: image("agent-operator-git"),
    agent: image("agent-operator-agent"),
  };
}

export const DEFAULT_GIT_IMAGE = imagesIn().git;
export const DEFAULT_AGENT_IMAGE = imagesIn().agent;
export const DEFAULT_OPERATOR_IMAGE = imagesIn().operator;
