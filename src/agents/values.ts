import type { EnvVar } from "../kube/builtin.ts";
import type { McpValue } from "./agent.ts";

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

/** The values as an agent's configuration has them: text as it is, a variable as `refer` writes it. */
export function mapMcpValues(
  values: Readonly<Record<string, McpValue>>,
  refer: (variable: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      "text" in value ? value.text : refer(value.variable),
    ]),
  );
}
