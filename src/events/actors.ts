import type { AgentTrigger } from "../api/agent-trigger.ts";
import type { ForgeKind } from "../api/fields/publish.ts";
import { createPermissions, type ForgePermissions } from "../forge/permissions.ts";
import { tokenIn } from "../forge/credential.ts";
import {
  actorRefused,
  forkRefused,
  judgeActor,
  projectOf,
  type Refused,
} from "../plan/agent-trigger/decide.ts";
import type { EventFacts } from "../plan/agent-trigger/facts.ts";
import { forgeAddress } from "../plan/forge-address.ts";
import type { ReadSecret } from "./secret-values.ts";

/** Whose events start runs, and what they may be about: asks the forge where the event does not say. */
export interface Actors {
  /** Undefined: nothing speaks against a run. Rejects if the forge does not answer. */
  refuse(trigger: AgentTrigger, facts: EventFacts): Promise<Refused | undefined>;
}

export interface ActorsOptions {
  readSecret: ReadSecret;
  /** What sends the requests to the forge. */
  send: typeof fetch;
  sleep: (ms: number) => Promise<void>;
}

/** So long an answer of the forge counts. */
const KEPT_MS = 5 * 60_000;
const MAX_KEPT = 10_000;
/** A forge gives a delivery ten seconds. */
const PATIENCE_MS = 6_000;

export function createActors(options: ActorsOptions): Actors {
  const known = new Map<string, { until: number; answer: Promise<boolean> }>();
  const remembered = (key: string, ask: () => Promise<boolean>): Promise<boolean> => {
    const now = Date.now();
    const found = known.get(key);
    if (found && found.until > now) return found.answer;
    known.delete(key);
    const [oldest] = known.keys();
    if (known.size >= MAX_KEPT && oldest !== undefined) known.delete(oldest);
    const answer = ask();
    known.set(key, { until: now + KEPT_MS, answer });
    answer.catch(() => known.delete(key));
    return answer;
  };
  return {
    async refuse(trigger, facts) {
      const { spec, metadata } = trigger;
      const project = projectOf(spec);
      if (project === undefined) return undefined;
      const { actor, pullRequest } = facts;
      const verdict = judgeActor(spec, actor);
      if (typeof verdict === "object") return verdict;
      const of = `${metadata.uid}/${metadata.generation}`;
      if (verdict === "ask" && actor) {
        const mayWrite = await remembered(`${of}/${actor.name}/${actor.id}`, async () =>
          (await permissionsOf(options, trigger, project)).mayWrite(actor),
        );
        if (!mayWrite) return actorRefused(actor, project);
      }
      if (spec.allowForks) return undefined;
      const isAsked =
        facts.isFork === undefined && pullRequest !== undefined && spec.credential !== undefined;
      return forkRefused(
        isAsked ? await (await permissionsOf(options, trigger, project)).isFork(pullRequest) : facts.isFork,
      );
    },
  };
}

const HOMES: Readonly<Record<string, string>> = {
  GitHub: "https://api.github.com",
  GitLab: "https://gitlab.com/api/v4",
};

async function permissionsOf(
  { readSecret, send, sleep }: ActorsOptions,
  { metadata, spec }: AgentTrigger,
  project: string,
): Promise<ForgePermissions> {
  const { credential, webhook, runTemplate } = spec;
  const kind = webhook.source as ForgeKind;
  const found = credential && (await readSecret(metadata.namespace ?? "", credential.secretRef));
  if (!found || "missing" in found) throw new Error("the trigger's credential is missing");
  const url = runTemplate.spec.repository?.url ?? "";
  const apiURL = credential.apiURL ?? forgeAddress(url, { forge: kind })?.apiURL ?? HOMES[kind];
  if (apiURL === undefined) throw new Error("nothing says where the forge's API is: set credential.apiURL");
  const plain = apiURL.replace(/\/+$/, "");
  const token = tokenIn(found.value, new URL(plain).host);
  const access = { apiURL: plain, token, deadline: Date.now() + PATIENCE_MS, now: Date.now, sleep, send };
  return createPermissions(kind, access, project);
}
