import type { McpServer, McpValue } from "../../agents/agent.ts";
import type { EnvVar } from "../../kube/builtin.ts";
import type { ResolvedRun } from "../resolved-run.ts";

type Server = ResolvedRun["mcpServers"][number];
type Given = NonNullable<Server["env"]>[number] | NonNullable<Server["headers"]>[number];

/** The run's servers as its agent gets them: a value from a Secret is in a variable. */
export function mcpServersOf({ mcpServers }: ResolvedRun): McpServer[] {
  return mcpServers.map((server, index): McpServer => {
    const { name, command, args = [], url = "" } = server;
    return command === undefined
      ? { name, url, headers: valuesOf(server.headers, index) }
      : { name, command, args, env: valuesOf(server.env, index) };
  });
}

/** The variables that hold those values. */
export function mcpSecretsOf({ mcpServers }: ResolvedRun): EnvVar[] {
  return mcpServers.flatMap(({ env, headers }, index) =>
    (env ?? headers ?? []).flatMap(({ secretKeyRef }, position) =>
      secretKeyRef ? [{ name: variableName(index, position), valueFrom: { secretKeyRef } }] : [],
    ),
  );
}

function valuesOf(given: readonly Given[] | undefined, index: number): Record<string, McpValue> {
  return Object.fromEntries(
    (given ?? []).map(({ name, value, secretKeyRef }, position): [string, McpValue] => [
      name,
      secretKeyRef ? { variable: variableName(index, position) } : { text: value ?? "" },
    ]),
  );
}

function variableName(server: number, position: number): string {
  return `AGENT_MCP_${server}_${position}`;
}
