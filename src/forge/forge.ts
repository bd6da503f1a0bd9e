import type { PullRequestTask } from "../plan/specs/pull-request-task.ts";
import { ForgeRefusal } from "./refusal.ts";

/** A pull request as a forge has it. */
export interface PullRequest {
  number: number;
  /** Where people see it. */
  url: string;
  isOpen: boolean;
  isDraft: boolean;
  base: string;
  /** The commit that its branch was at last. */
  commit: string;
  title: string;
  body: string;
}

/** What a pull request is to be. */
export type WantedPullRequest = Pick<
  PullRequestTask,
  "branch" | "title" | "body" | "keepTitle" | "keepBody" | "draft" | "labels" | "reviewers"
> & { base: string };

/** A forge's API for one repository. Every method throws a ForgeRefusal if the forge does not do it. */
export interface Forge {
  /** Those from that branch of the repository itself, never of a fork; the newest first. */
  pullRequestsOf(branch: string): Promise<PullRequest[]>;
  open(wanted: WantedPullRequest): Promise<PullRequest>;
  /** Sets title and body. */
  update(pullRequest: PullRequest, wanted: WantedPullRequest): Promise<PullRequest>;
  addLabels(number: number, labels: readonly string[]): Promise<void>;
  requestReviews(number: number, reviewers: readonly string[]): Promise<void>;
}

/** People, and the teams among them without their organization, as GitHub and Gitea want them. */
export function reviewersIn(names: readonly string[]): { reviewers: string[]; team_reviewers: string[] } {
  const isTeam = (name: string): boolean => name.includes("/");
  return {
    reviewers: names.filter((name) => !isTeam(name)),
    team_reviewers: names.filter(isTeam).map((name) => name.split("/")[1] ?? ""),
  };
}

/** What became of a pull request. */
export interface EnsuredPullRequest {
  number: number;
  url: string;
  /** Why it lacks labels or reviewers, if it does. */
  problem?: string;
}

/**
 * Opens a pull request for the branch, or brings the one that is open up to date. Done again it ends in the same state. One
 * that was closed or merged stays so: if it has this very commit, it is the answer, else there is a new one.
 */
export async function ensurePullRequest(
  forge: Forge,
  wanted: WantedPullRequest,
  commit: string,
): Promise<EnsuredPullRequest> {
  const existing = await forge.pullRequestsOf(wanted.branch);
  const closed = existing.find((one) => !one.isOpen && one.commit === commit);
  const current = openOne(existing, wanted.base);
  if (!current && closed) return { number: closed.number, url: closed.url };
  const { number, url } = current ? await upToDate(forge, current, wanted) : await opened(forge, wanted);
  const problems = [
    await problemOf(wanted.labels, () => forge.addLabels(number, wanted.labels)),
    await problemOf(wanted.reviewers, () => forge.requestReviews(number, wanted.reviewers)),
  ].filter((problem) => problem !== undefined);
  return { number, url, ...(problems.length > 0 && { problem: problems.join("; ") }) };
}

/** With that base if there is one; who has given it another base has meant that. */
function openOne(existing: readonly PullRequest[], base: string): PullRequest | undefined {
  const open = existing.filter(({ isOpen }) => isOpen);
  return open.find((one) => one.base === base) ?? open[0];
}

async function upToDate(forge: Forge, current: PullRequest, wanted: WantedPullRequest): Promise<PullRequest> {
  const title = wanted.keepTitle ? current.title : wanted.title;
  const body = wanted.keepBody ? current.body : wanted.body;
  if (current.title === title && current.body === body) return current;
  return forge.update(current, { ...wanted, title, body });
}

/** Somebody may have opened one at the same moment, or an answer may have been lost. */
async function opened(forge: Forge, wanted: WantedPullRequest): Promise<PullRequest> {
  try {
    return await forge.open(wanted);
  } catch (error) {
    if (!(error instanceof ForgeRefusal) || error.reason !== "PullRequestRefused") throw error;
    const current = openOne(await forge.pullRequestsOf(wanted.branch), wanted.base);
    if (!current) throw error;
    return upToDate(forge, current, wanted);
  }
}

/** The pull request is there without them. */
async function problemOf(names: readonly string[], add: () => Promise<void>): Promise<string | undefined> {
  if (names.length === 0) return undefined;
  try {
    await add();
    return undefined;
  } catch (error) {
    if (!(error instanceof ForgeRefusal)) throw error;
    return `${names.join(", ")} could not be added: ${error.message}`;
  }
}
