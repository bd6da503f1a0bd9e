import { providerKeys } from "../../agents/provider-keys.ts";
import { parseDuration } from "../../kube/duration.ts";
import { configEnv } from "../config-env.ts";
import type { ResolvedSetup } from "../resolved-run.ts";
import { mergeEnv } from "../specs/env.ts";
import type { EffectiveDefaults } from "./effective.ts";
import type { ObservedRun } from "./observed.ts";

const TIMEOUT_SECONDS = 900;

/**
 * What prepares the run's checkout. It runs the repository's own programs, so it gets the variables of the AgentConfig and
 * the run, but none of the provider's, and none in which an agent would look for a key.
 */
export function resolveSetup(
  observed: ObservedRun,
  { setup }: Pick<EffectiveDefaults, "setup">,
): ResolvedSetup | undefined {
  if (!setup) return undefined;
  const { spec, status } = observed.run;
  const { config, provider } = observed.references;
  const { environment = {}, authTokenEnv, model } = spec.provider ?? provider?.spec ?? {};
  const keys = providerKeys(environment, [spec.model, status?.model, model, config?.spec?.defaultModel]);
  return {
    command: setup.value.command,
    timeoutSeconds: parseDuration(setup.value.timeout ?? "") ?? TIMEOUT_SECONDS,
    env: mergeEnv(configEnv(config), spec.env ?? []).filter(
      ({ name }) => name !== authTokenEnv && !keys.has(name),
    ),
  };
}
