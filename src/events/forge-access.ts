import type { AgentTrigger } from "../api/agent-trigger.ts";
import type { ForgeKind } from "../api/fields/publish.ts";
import { tokenIn } from "../forge/credential.ts";
import type { ForgeAccess } from "../forge/forge-fetch.ts";
import { ForgeRefusal } from "../forge/refusal.ts";
import { forgeAddress } from "../plan/forge-address.ts";
import { sourceOf } from "../plan/agent-trigger/source.ts";
import type { AppTokens } from "./app-tokens.ts";
import type { ReadSecret } from "./secret-values.ts";

/** How forges are asked. */
export interface ForgeCalls {
  readSecret: ReadSecret;
  /** What sends the requests. */
  send: typeof fetch;
  sleep: (ms: number) => Promise<void>;
  appTokens: AppTokens;
}

/** A forge as a trigger asks it. */
export interface TriggerForge extends ForgeAccess {
  kind: ForgeKind;
  /** Whose comments and checks are the token's, if that is one of a GitHub App, which cannot be asked for it. */
  account?: string;
}

const HOMES: Readonly<Record<string, string>> = {
  GitHub: "https://api.github.com",
  GitLab: "https://gitlab.com/api/v4",
};

/** The forge of a trigger with its credential, for so long. Rejects if that is missing. */
export async function forgeAccessOf(
  { readSecret, send, sleep, appTokens }: ForgeCalls,
  trigger: AgentTrigger,
  patienceMs: number,
): Promise<TriggerForge> {
  const { metadata, spec } = trigger;
  const { credential, runTemplate } = spec;
  const kind = sourceOf(spec) as ForgeKind;
  const access = { kind, deadline: Date.now() + patienceMs, now: Date.now, sleep, send };
  const app = credential?.githubAppRef;
  if (app) return { ...access, ...(await appTokens(trigger, app.name, access)) };
  const ref = credential?.secretRef;
  const found = ref && (await readSecret(metadata.namespace ?? "", ref));
  if (!found || "missing" in found)
    throw new ForgeRefusal("ForgeTokenInvalid", "the Secret of the trigger's credential is missing");
  const url = runTemplate.spec.repository?.url ?? "";
  const apiURL = credential?.apiURL ?? forgeAddress(url, { forge: kind })?.apiURL ?? HOMES[kind];
  if (apiURL === undefined)
    throw new ForgeRefusal("ForgeNotFound", "nothing says where the forge's API is: set credential.apiURL");
  const plain = apiURL.replace(/\/+$/, "");
  const token = tokenIn(found.value, new URL(plain).host);
  return { ...access, apiURL: plain, token };
}
