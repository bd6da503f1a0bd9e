import type { Agent } from "../agents/agent.ts";
import type { Config } from "./config.ts";

/** The key and the address of a model service, as the environment has them. */
export interface ModelAccess {
  key: string;
  /** The variable that the key was in, and that the agent gets it in. */
  variable: string;
  /** Undefined: the agent's own service. */
  address: string | undefined;
}

/**
 * What the agent's own variables say; undefined for a program that is told nothing of a model. Throws an Error that names
 * the variables if none of them is set.
 */
export function findModelAccess(
  agent: Agent,
  model: string | undefined,
  config: Pick<Config, "modelVariable">,
): ModelAccess | undefined {
  if (agent.demo === undefined) return undefined;
  const { baseUrl, keys = [] } = agent.demo;
  const address = config.modelVariable(baseUrl);
  const environment = address === undefined ? {} : { [baseUrl]: address };
  const named = [agent.tokenVariable(environment, model), agent.tokenVariable({}, model), ...keys];
  const variables = [...new Set(named)];
  for (const variable of variables) {
    const key = config.modelVariable(variable);
    if (key !== undefined) return { key, variable, address };
  }
  throw new Error(`${variables.join(" or ")} is not set: ${agent.name} needs the key of its model in it`);
}
