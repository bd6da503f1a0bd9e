import type { AgentRun } from "../../api/agent-run.ts";
import type { AgentTriggerSpec } from "../../api/agent-trigger.ts";
import type { ForgeKind } from "../../api/fields/publish.ts";
import type { DeliveryReason } from "../../api/trigger-reasons.ts";
import { isOwnedBy } from "../../kube/objects.ts";
import { timeOf } from "../../kube/time.ts";
import { publishedBranch } from "../agent-run/resolve-publish.ts";
import { isFinished } from "../agent-run/status.ts";
import { isAfterAgent } from "../agent-run/step.ts";
import { forgeAddress } from "../forge-address.ts";
import type { CompiledTrigger } from "./compile.ts";
import { sourceOf } from "./source.ts";
import type { EventVariables } from "./expression.ts";
import { type Actor, type EventFacts, isSameName } from "./facts.ts";

/** Why a delivery starts no run. */
export interface Refused {
  reason: Exclude<DeliveryReason, "RunCreated" | "Repeated">;
  message: string;
}

/** In each comment that a run's report makes, so that the comment starts no run. */
export const COMMENT_MARK = "<!-- agent-operator";

/** Of the names of commit statuses and check runs that reports set, so that none of them starts a run. */
export const STATUS_PREFIX = "agent-operator/";

/** A forge's clock may be so far from this one's. */
const CLOCKS_APART_MS = 10_000;

/** Whether an event is one that the trigger waits for: undefined if so; `isMissing` if it lacks what `when` names. */
export function unmatched(
  { when }: CompiledTrigger,
  variables: EventVariables,
): { isSilent: true; message: string } | Refused | undefined {
  if (!when) return undefined;
  const result = when(variables);
  if ("error" in result) {
    if (result.isMissing) return { isSilent: true, message: `when: ${result.error}` };
    return { reason: "ExpressionFailed", message: `when: ${result.error}` };
  }
  if (result.value === true) return undefined;
  if (result.value === false) return { isSilent: true, message: "when is false" };
  return { reason: "ExpressionFailed", message: "when is neither true nor false" };
}

/** Whether a forge sends the events, which have senders and repositories. */
export function isOfForge(spec: Pick<AgentTriggerSpec, "webhook" | "poll">): boolean {
  return forgeOf(spec) !== undefined;
}

function forgeOf(spec: Pick<AgentTriggerSpec, "webhook" | "poll">): ForgeKind | undefined {
  const source = sourceOf(spec);
  return source === "Generic" || source === "CloudEvents" ? undefined : source;
}

/** The repository whose events count, as its forge names it; undefined: nothing says which. */
export function projectOf(spec: AgentTriggerSpec): string | undefined {
  const { repository, runTemplate } = spec;
  const forge = forgeOf(spec);
  if (forge === undefined) return undefined;
  if (repository !== undefined) return repository;
  const url = runTemplate.spec.repository?.url ?? "";
  const { apiURL } = spec.credential ?? {};
  return forgeAddress(url, { forge, ...(apiURL !== undefined && { apiURL }) })?.project;
}

/** What the event itself, and the runs that there are, say against a run. */
export function refusedByFacts(
  spec: AgentTriggerSpec,
  facts: EventFacts,
  runs: Iterable<AgentRun>,
): Refused | undefined {
  if (!isOfForge(spec)) return undefined;
  const project = projectOf(spec);
  if (project === undefined)
    return {
      reason: "OtherRepository",
      message: "the URL of the template's repository does not say how its forge names it: set repository",
    };
  if (facts.repository === undefined || !isSameName(facts.repository, project))
    return {
      reason: "OtherRepository",
      message: `the event is about ${facts.repository ?? "no repository"}, and runs start for ${project}`,
    };
  const own = spec.actors?.ownWork === true ? undefined : ownWork(facts, runs);
  return own === undefined ? undefined : { reason: "OwnEvent", message: own };
}

/** How a run has caused an event, if one has. */
function ownWork(facts: EventFacts, runs: Iterable<AgentRun>): string | undefined {
  if (facts.comment?.includes(COMMENT_MARK)) return "the comment is a run's own";
  const { branch, about, statuses = [] } = facts;
  if (statuses.length > 0 && statuses.every((name) => name.startsWith(STATUS_PREFIX)))
    return "the commit status or check is a run's own";
  if (about === undefined || branch === undefined || facts.isFork === true) return undefined;
  for (const run of runs) {
    if (!run.spec.publish || publishedBranch(run) !== branch) continue;
    const { status, metadata } = run;
    if (!isFinished(run)) {
      if (isAfterAgent(run)) return `AgentRun ${metadata.name} is at work on branch ${branch}`;
      continue;
    }
    if (facts.commit === undefined || status?.published?.commit !== facts.commit) continue;
    const ended = timeOf(status.completionTime, 0) + CLOCKS_APART_MS;
    if (about === "push" || timeOf(facts.changedAt, 0) <= ended)
      return `AgentRun ${metadata.name} has published that commit`;
  }
  return undefined;
}

/** Why an event of a check suite starts no run: it is that of the App with this account, which shows there how runs go. */
export function refusedSuite(
  { actors }: Pick<AgentTriggerSpec, "actors">,
  { suiteOf }: EventFacts,
  account: string | undefined,
): Refused | undefined {
  if (suiteOf === undefined || suiteOf !== account || actors?.ownWork === true) return undefined;
  return { reason: "OwnEvent", message: `the check suite is that of ${account}, which reports runs` };
}

/** Who has caused the event, and whether the forge has to be asked for their permission. */
export function judgeActor(
  { actors = {} }: Pick<AgentTriggerSpec, "actors">,
  actor: Actor | undefined,
): "allowed" | "ask" | Refused {
  const { permission = "Write", users = [], bots = [] } = actors;
  if (!actor)
    return permission === "Any"
      ? "allowed"
      : { reason: "ActorRefused", message: "the event does not say who has caused it" };
  const isNamed = (names: readonly string[]): boolean => names.some((name) => isSameName(name, actor.name));
  if (actor.isBot)
    return isNamed(bots)
      ? "allowed"
      : { reason: "ActorRefused", message: `${actor.name} is a bot that actors.bots does not name` };
  return isNamed(users) || permission === "Any" ? "allowed" : "ask";
}

export function actorRefused(actor: Actor, project: string): Refused {
  const message = `${actor.name} may not write to ${project}`;
  return { reason: "ActorRefused", message };
}

/** Undefined: nothing says whether the pull request is from another repository. */
export function forkRefused(isFork: boolean | undefined): Refused | undefined {
  if (isFork === false) return undefined;
  const message = isFork
    ? "the pull request is from another repository, and allowForks is false"
    : "nothing says whether the commit is from another repository, and allowForks is false";
  return { reason: "ForkRefused", message };
}

/** The newest run that has published the pull request. */
export function runToContinue(
  { trigger }: CompiledTrigger,
  { pullRequest }: EventFacts,
  runs: Iterable<AgentRun>,
): string | Refused {
  const { uid, name } = trigger.metadata;
  const isAny = trigger.spec.runTemplate.spec.continueFrom?.anyRun === true;
  const published = [...runs].filter(
    (run) =>
      pullRequest !== undefined &&
      run.status?.published?.pullRequest?.number === pullRequest &&
      (isAny || isOwnedBy(run, uid)),
  );
  const newest = published.toSorted((a, b) => createdAt(b) - createdAt(a))[0]?.metadata.name;
  if (newest !== undefined) return newest;
  const what = pullRequest === undefined ? "the event has no pull request" : `pull request ${pullRequest}`;
  const whose = isAny ? "of this namespace" : `of AgentTrigger ${name}`;
  return {
    reason: "NothingToContinue",
    message: pullRequest === undefined ? what : `no run ${whose} has published ${what}`,
  };
}

function createdAt({ metadata }: AgentRun): number {
  return timeOf(metadata.creationTimestamp, 0);
}
