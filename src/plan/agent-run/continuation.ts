import { agentNamed } from "../../agents/registry.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import { persistentVolumeClaims } from "../../kube/builtin.ts";
import { isDeleting, isOwnedBy, type KubeObject } from "../../kube/objects.ts";
import type { ChildPatch } from "../../kube/plan.ts";
import { placeOf, withContinued } from "../place.ts";
import { runClaimName } from "../specs/names.ts";
import { alsoOwnedByRun } from "../specs/owner.ts";
import { isCleanupDue } from "./cleanup.ts";
import type { ObservedContinuation, ObservedRun } from "./observed.ts";
import type { Obstacle } from "./obstacles.ts";
import { agentOf } from "./references.ts";
import { isFinished } from "./status.ts";

/** What a run takes over from the one that it continues. */
export type Continued = NonNullable<AgentRunStatus["continued"]>;

/** What a run that continues another one still has to do before it can start. */
export type ContinuationStep =
  | { what: "takes"; continued: Continued }
  | { what: "joins"; patch: ChildPatch }
  | { what: "isKept"; obstacle: Obstacle };

/** The next step on the way to another run's work; undefined if there is none left, or the run continues none. */
export function continuationStep({ run, continuation = {} }: ObservedRun): ContinuationStep | undefined {
  const { continueFrom } = run.spec;
  if (!continueFrom) return undefined;
  const { continued } = run.status ?? {};
  if (!continued) return taking(continueFrom.run, continuation);
  if (continued.workspaceRef !== undefined) {
    const isOther = continuation.workspace?.metadata.uid !== continued.workspaceUid;
    return continuation.workspace && isOther
      ? gone(`AgentWorkspace ${continued.workspaceRef}, with the work of AgentRun ${continued.run}, is gone`)
      : undefined;
  }
  return joining(run, continued, continuation);
}

function taking(name: string, { run: source, workspace }: ObservedContinuation): ContinuationStep {
  if (!source) return waits(`waits for AgentRun ${name}, which it continues and which does not exist yet`);
  if (isDeleting(source)) return gone(`AgentRun ${name}, which it continues, is being deleted`);
  if (!isFinished(source)) return waits(`waits for the end of AgentRun ${name}, which it continues`);
  if (isCleanupDue(source)) return waits(`waits until the worktree of AgentRun ${name} is cleaned up`);
  const continued = continuedOf(source);
  if (!continued)
    return gone(`AgentRun ${name} has ended before it had taken over the work that it was to continue`);
  return {
    what: "takes",
    continued: { ...continued, ...(workspace && { workspaceUid: workspace.metadata.uid }) },
  };
}

/** Of a run that has ended; undefined if it has no work, nor ever will. */
export function continuedOf(source: AgentRun): Continued | undefined {
  const { metadata, spec, status } = withContinued(source);
  const before = status?.continued;
  if (spec.continueFrom && !before) return undefined;
  const { name = "", uid = "" } = metadata;
  const place = placeOf(source);
  const hasWorked = status?.startedAt !== undefined || status?.attempts !== undefined;
  const pushed = status?.published;
  const left = [status?.result, ...(status?.attempts ?? []).map(({ result }) => result).toReversed()];
  return {
    run: name,
    uid,
    checkout: { run: place.name, uid: place.uid },
    leftBy: hasWorked ? name : before?.leftBy,
    sessionId: hasWorked ? left.find((result) => result?.sessionId)?.sessionId : before?.sessionId,
    agent: agentNamed(status?.agent ?? "")?.name ?? agentOf(source, undefined),
    command: spec.command,
    repository: spec.repository,
    additionalRepositories: spec.additionalRepositories,
    workspaceRef: spec.workspaceRef,
    worktree: spec.worktree,
    publishBranch: spec.publish?.branch ?? before?.publishBranch,
    published: pushed ? { branch: pushed.branch, commit: pushed.commit } : before?.published,
  };
}

/** The claim lives as long as one of its owners: the run becomes one, and starts once it is seen that it is. */
function joining(
  run: AgentRun,
  continued: Continued,
  { run: source, claim }: ObservedContinuation,
): ContinuationStep | undefined {
  const name = runClaimName(continued.checkout.run);
  if (!claim || isDeleting(claim)) {
    return gone(
      `PersistentVolumeClaim ${name}, with the work of AgentRun ${continued.run}, ${claim ? "is being deleted" : "does not exist"}`,
    );
  }
  const { ownerReferences = [], namespace = "", resourceVersion, uid = "" } = claim.metadata;
  if (ownerReferences.some((owner) => owner.uid === run.metadata.uid)) return undefined;
  if (!isOfPlace(claim, continued)) {
    return gone(`PersistentVolumeClaim ${name} does not hold the work of AgentRun ${continued.run}`);
  }
  if (source?.metadata.uid !== continued.uid || isDeleting(source)) {
    return gone(`AgentRun ${continued.run}, which it continues, is deleted, and its work with it`);
  }
  const self = alsoOwnedByRun({ name: run.metadata.name ?? "", uid: run.metadata.uid ?? "" });
  const metadata = { ownerReferences: [...ownerReferences, self], resourceVersion };
  return {
    what: "joins",
    patch: { type: persistentVolumeClaims, namespace, name, uid, patch: { metadata } },
  };
}

/** Whether the run that made the checkout, or the one that is continued, is or was an owner of the claim. */
function isOfPlace(claim: KubeObject, { uid, checkout }: Continued): boolean {
  return isOwnedBy(claim, uid) || isOwnedBy(claim, checkout.uid);
}

function waits(message: string): ContinuationStep {
  return { what: "isKept", obstacle: { kind: "waiting", reason: "WaitingForDependency", message } };
}

function gone(message: string): ContinuationStep {
  return { what: "isKept", obstacle: { kind: "rejected", reason: "SourceGone", message } };
}
