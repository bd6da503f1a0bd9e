import type { AgentTrigger } from "../api/agent-trigger.ts";
import { createPermissions, type ForgePermissions } from "../forge/permissions.ts";
import { createStatuses } from "../forge/statuses.ts";
import {
  actorRefused,
  forkRefused,
  isOfForge,
  judgeActor,
  projectOf,
  type Refused,
  refusedSuite,
} from "../plan/agent-trigger/decide.ts";
import type { EventFacts } from "../plan/agent-trigger/facts.ts";
import { type ForgeCalls, forgeAccessOf } from "./forge-access.ts";
import { createMemory } from "./memory.ts";

/** Whose events start runs, and what they may be about: asks the forge where the event does not say. */
export interface Actors {
  /** Undefined: nothing speaks against a run. Rejects if the forge does not answer. */
  refuse(trigger: AgentTrigger, facts: EventFacts): Promise<Refused | undefined>;
  /** The commit that shows how the event's run goes, if the trigger wants that. Rejects if the forge does not answer. */
  commitOf(trigger: AgentTrigger, facts: EventFacts): Promise<string | undefined>;
}

/** So long an answer of the forge counts. */
const KEPT_MS = 5 * 60_000;
const MAX_KEPT = 10_000;
/** A forge gives a delivery ten seconds. */
const PATIENCE_MS = 6_000;

export function createActors(options: ForgeCalls): Actors {
  const remembered = createMemory<boolean>({
    keptMs: KEPT_MS,
    most: MAX_KEPT,
    now: () => performance.now(),
  });
  return {
    async commitOf(trigger, { commit, pullRequest }) {
      if (!trigger.spec.report?.status || commit !== undefined || pullRequest === undefined) return commit;
      const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
      return createStatuses(access.kind, access, projectOf(trigger.spec) ?? "").headOf(pullRequest);
    },
    async refuse(trigger, facts) {
      const { spec, metadata } = trigger;
      if (!isOfForge(spec)) return undefined;
      const project = projectOf(spec) ?? "";
      const { actor, pullRequest } = facts;
      const verdict = judgeActor(spec, actor);
      if (typeof verdict === "object") return verdict;
      if (facts.suiteOf !== undefined && spec.credential?.githubAppRef) {
        const { account } = await forgeAccessOf(options, trigger, PATIENCE_MS);
        const own = refusedSuite(spec, facts, account);
        if (own) return own;
      }
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

async function permissionsOf(
  options: ForgeCalls,
  trigger: AgentTrigger,
  project: string,
): Promise<ForgePermissions> {
  const access = await forgeAccessOf(options, trigger, PATIENCE_MS);
  return createPermissions(access.kind, access, project);
}
