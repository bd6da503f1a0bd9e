import type { AgentSetup } from "../agent.ts";
import { GATEWAY, type OpencodeModel } from "./opencode-config.ts";
import { KNOWN } from "./models.generated.ts";

/** A provider and its models as opencode has them built in, in the form of https://models.dev/api.json. */
export interface KnownProvider {
  readonly provider: object;
  readonly models: Readonly<Record<string, object>>;
}

/**
 * The list of models that opencode needs for this run, as JSON. With the one that it has built in, it prepares more than
 * 8,000 of them at each start, which is a third of its processor time. Undefined if the run may ask for another model
 * than its own, or if it is not known here: opencode may be newer than this list.
 */
export function modelList(setup: AgentSetup, target: OpencodeModel): string | undefined {
  if (mayAskForOthers(setup)) return undefined;
  if (target.provider === GATEWAY) return "{}";
  const known = Object.hasOwn(KNOWN, target.provider) ? KNOWN[target.provider] : undefined;
  if (!known || !Object.hasOwn(known.models, target.model)) return undefined;
  return JSON.stringify({
    [target.provider]: { ...known.provider, models: { [target.model]: known.models[target.model] } },
  });
}

/** By its arguments, or by configuration that the user, a set-up command or the checkout has brought. */
function mayAskForOthers({ cliArgs, env, isHomeNew, trustRepositoryConfig }: AgentSetup): boolean {
  return (
    cliArgs.length > 0 ||
    trustRepositoryConfig ||
    !isHomeNew ||
    env.some(({ name }) => name.startsWith("OPENCODE_") || name.startsWith("XDG_"))
  );
}
