import type { AgentConfig } from "../api/agent-config.ts";
import type { EnvVar } from "../kube/builtin.ts";
import { mergeEnv } from "./specs/env.ts";

/** The variables of an AgentConfig: its proxy, in both cases because programs differ, then its env. */
export function configEnv(config: Pick<AgentConfig, "spec"> | undefined): EnvVar[] {
  const { proxy = {}, env = [] } = config?.spec ?? {};
  const variables = { HTTP_PROXY: proxy.http, HTTPS_PROXY: proxy.https, NO_PROXY: proxy.noProxy };
  const own = Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [name, name.toLowerCase()].map((each) => ({ name: each, value })),
  );
  // Whoever sets one of the two in env means both.
  const set = new Set(env.map(({ name }) => name.toUpperCase()));
  return mergeEnv(
    own.filter(({ name }) => !set.has(name.toUpperCase())),
    env,
  );
}
