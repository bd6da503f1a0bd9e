import packageInfo from "../../package.json" with { type: "json" };

/** The images that this repository builds, pinned by its version. */
export const DEFAULT_GIT_IMAGE = `agent-operator-git:${packageInfo.version}`;
export const DEFAULT_AGENT_IMAGE = `agent-operator-agent:${packageInfo.version}`;
