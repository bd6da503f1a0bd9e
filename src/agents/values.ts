import type { EnvVar } from "../kube/builtin.ts";
import type { McpServer, McpValue } from "./agent.ts";

/** The value of a variable that is given as text; undefined when it is absent or comes from elsewhere. */
export function literalValue(env: readonly EnvVar[], name: string): string | undefined {
  return env.find((variable) => variable.name === name)?.value;
}

/** Whether the kubelet would put another variable's value into this text. */
export function isReference(value: string): boolean {
  return value.includes("$(");
}

/** A base URL without its trailing `/v1` and slashes. */
export function withoutVersion(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
}

/** A base URL that ends in `/v1`. */
export function withVersion(baseUrl: string): string {
  return `${withoutVersion(baseUrl)}/v1`;
}

/** The variable with another's value as the agent's configuration wants it; see `quotes`. */
export function quotedName(variable: string): string {
  return `AGENT_QUOTED_${variable}`;
}

/** The variables that servers' environment and headers come from. */
export function mcpVariables(servers: readonly McpServer[]): string[] {
  return servers.flatMap((server) =>
    Object.values("url" in server ? server.headers : server.env).flatMap((value) =>
      "variable" in value ? [value.variable] : [],
    ),
  );
}

/** The values as an agent's configuration has them: text as it is, a variable as `refer` writes it. */
export function mapMcpValues(
  values: Readonly<Record<string, McpValue>>,
  refer: (variable: string) => string,
  write = (text: string): string => text,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      "text" in value ? write(value.text) : refer(value.variable),
    ]),
  );
}
