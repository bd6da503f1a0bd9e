import { agentOfType } from "../agents/registry.ts";
import type { AgentType } from "../api/agent-types.ts";
import { agentDirectories } from "../local/agent-programs.ts";
import type { CommandContext } from "./context.ts";

/**
 * The `toolDirectories` of an embedded cluster whose runs use these agents. A program that is nowhere on this machine
 * is fetched, with lines of progress on standard error.
 */
export function agentTools(
  agents: readonly AgentType[],
  { config, out, stop }: CommandContext,
): Promise<string[]> {
  const programs = agents.flatMap((type) => {
    const { cli, npmPackage } = agentOfType(type).entrypoint;
    return cli === undefined || npmPackage === undefined ? [] : [{ name: cli, npmPackage }];
  });
  return agentDirectories(programs, {
    packageRoot: config.packageRoot,
    path: config.path,
    cacheDirectory: config.cacheDirectory,
    environment: { ...config.environment },
    show: out.error,
    signal: stop.signal,
  });
}
