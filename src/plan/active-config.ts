import type { AgentConfig } from "../api/agent-config.ts";

/**
 * The one AgentConfig of a namespace that counts: the one named `default`, else the oldest, ties by
 * name. `configs` are all of one namespace.
 */
export function activeConfig(configs: readonly AgentConfig[]): AgentConfig | undefined {
  return (
    configs.find((config) => config.metadata.name === "default") ??
    [...configs].sort(
      (a, b) =>
        compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
        compare(a.metadata.name, b.metadata.name),
    )[0]
  );
}

function compare(a = "", b = ""): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
