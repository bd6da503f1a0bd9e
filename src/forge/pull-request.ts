import type { ForgeKind } from "../api/fields/publish.ts";
import type { PullRequestTask } from "../plan/specs/pull-request-task.ts";
import { tokenIn } from "./credential.ts";
import { type EnsuredPullRequest, ensurePullRequest, type Forge } from "./forge.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createGitea } from "./gitea.ts";
import { createGitHub } from "./github.ts";
import { createGitLab } from "./gitlab.ts";
import { ForgeRefusal } from "./refusal.ts";

const FORGES: Readonly<Record<ForgeKind, (access: ForgeAccess, project: string) => Forge>> = {
  GitHub: createGitHub,
  GitLab: createGitLab,
  Gitea: createGitea,
};

/** The API of a forge for one repository. */
export function createForge(kind: ForgeKind, access: ForgeAccess, project: string): Forge {
  return FORGES[kind](access, project);
}

/** Carries a task out for what was pushed. Throws a ForgeRefusal if the forge does not. */
export async function carryOutPullRequest(
  task: PullRequestTask,
  pushed: { commit: string; base: string },
  credential: string,
  access: Omit<ForgeAccess, "apiURL" | "token">,
): Promise<EnsuredPullRequest> {
  const base = task.base ?? pushed.base;
  if (base === "")
    throw new ForgeRefusal("PullRequestRefused", "the repository has no branch to merge the work into");
  const token = tokenIn(credential, task.host);
  const forge = createForge(task.forge, { ...access, apiURL: task.apiURL, token }, task.project);
  const done = await ensurePullRequest(forge, { ...task, base }, pushed.commit).catch((error: unknown) => {
    // An answer that is not as the forge's API describes it has no fields to read.
    if (error instanceof TypeError || error instanceof RangeError) throw notAnApi();
    throw error;
  });
  if (!Number.isSafeInteger(done.number) || done.number < 1) throw notAnApi();
  return { ...done, url: shownUrl(done.url) };
}

function notAnApi(): ForgeRefusal {
  return new ForgeRefusal("PullRequestFailed", "the forge does not answer as an API of this forge");
}

/** Only a URL of the web gets into a status. */
function shownUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.href.length > 1024)
    throw new ForgeRefusal("PullRequestFailed", "the forge does not say where the pull request is");
  url.username = "";
  url.password = "";
  return url.href;
}
