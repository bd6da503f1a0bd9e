import { AGENT_TYPES } from "../api/agent-types.ts";
import { agentOfType } from "./registry.ts";

/** The variables in which any of the agents would look for the key of its provider. */
export function providerKeys(
  environment: Readonly<Record<string, string>>,
  models: readonly (string | undefined)[],
): ReadonlySet<string> {
  const names = AGENT_TYPES.map((type) => agentOfType(type)).flatMap(({ keyVariables, tokenVariable }) => [
    ...keyVariables,
    ...[undefined, ...models].flatMap((model) => [
      tokenVariable({}, model),
      tokenVariable(environment, model),
    ]),
  ]);
  return new Set(names);
}
