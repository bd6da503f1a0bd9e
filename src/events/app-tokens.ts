import type { AgentTrigger } from "../api/agent-trigger.ts";
import { accountOf, mintToken, readApp } from "../forge/app-token.ts";
import type { ForgeAccess } from "../forge/forge-fetch.ts";
import { ForgeRefusal } from "../forge/refusal.ts";
import { TokenRefusal } from "../forge/token-refusal.ts";
import { appPermissions } from "../plan/agent-trigger/app-permissions.ts";
import { projectOf } from "../plan/agent-trigger/decide.ts";
import { forgeAddress } from "../plan/forge-address.ts";
import { createMemory } from "./memory.ts";
import type { ReadSecret } from "./secret-values.ts";

/** A token that a GitHub App has given, and where. */
export interface AppToken {
  token: string;
  apiURL: string;
  /** Whose comments and checks are those of the token. */
  account: string;
}

/** Gives the token for a trigger's repository, of the App that its credential names. Rejects with a ForgeRefusal. */
export type AppTokens = (
  trigger: AgentTrigger,
  secret: string,
  access: Omit<ForgeAccess, "apiURL" | "token">,
) => Promise<AppToken>;

/** A token lives an hour; what becomes of the App and its Secret shows after so long. */
const KEPT_MS = 5 * 60_000;
const MAX_KEPT = 1_000;

/** Tokens are kept in memory alone. */
export function createAppTokens(readSecret: ReadSecret): AppTokens {
  const remembered = createMemory<AppToken>({
    keptMs: KEPT_MS,
    most: MAX_KEPT,
    now: () => performance.now(),
  });
  return (trigger, secret, access) => {
    const { namespace = "", uid, generation } = trigger.metadata;
    return remembered(`${namespace}/${secret}/${uid}/${generation}`, () =>
      ask(trigger, secret, access, readSecret).catch(refusedBy),
    );
  };
}

async function ask(
  { metadata, spec }: AgentTrigger,
  secret: string,
  access: Omit<ForgeAccess, "apiURL" | "token">,
  readSecret: ReadSecret,
): Promise<AppToken> {
  const app = await readApp(async (key) => {
    const found = await readSecret(metadata.namespace ?? "", { name: secret, key });
    return "missing" in found ? "" : found.value;
  });
  const host = forgeAddress(spec.runTemplate.spec.repository?.url ?? "", { forge: "GitHub" })?.host;
  const minted = await mintToken(
    app,
    { project: projectOf(spec) ?? "", host, ...appPermissions(spec) },
    access,
  );
  return { ...minted, account: await accountOf(app, minted.apiURL, access) };
}

/** As those who ask a forge know it. */
function refusedBy(error: unknown): never {
  if (!(error instanceof TokenRefusal)) throw error;
  const reason = error.reason === "GitHubTokenFailed" ? "PullRequestFailed" : "ForgeTokenInvalid";
  throw new ForgeRefusal(reason, error.message);
}
