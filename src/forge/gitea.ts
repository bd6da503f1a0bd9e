import { type Forge, type PullRequest, reviewersIn } from "./forge.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createJsonApi, listOf, repositoryPath } from "./json-api.ts";

interface GiteaPullRequest {
  number: number;
  html_url: string;
  state: string;
  draft?: boolean;
  title: string;
  body: string;
  base: { ref: string; repo_id: number };
  head: { ref: string; sha: string; repo_id: number };
}

const DRAFT = "WIP: ";
const PAGE = 50;
/** Gitea has no filter by branch. */
const MAX_PAGES = 40;
const MAX_CLOSED_PAGES = 2;

/** Gitea and Forgejo. */
export function createGitea(access: ForgeAccess, project: string): Forge {
  const api = createJsonApi(access, `token ${access.token}`);
  const repository = repositoryPath(project);
  const listed = async (state: "open" | "closed", pages: number): Promise<GiteaPullRequest[]> => {
    const all: GiteaPullRequest[] = [];
    for (let page = 1; page <= pages; page += 1) {
      const query = { state, sort: "recentupdate", limit: PAGE, page };
      const found = listOf<GiteaPullRequest>(await api("GET", `${repository}/pulls`, { query }));
      all.push(...found);
      // A server may give fewer at a time than it is asked for.
      if (found.length === 0) break;
    }
    return all;
  };
  return {
    async pullRequestsOf(branch) {
      const all = [...(await listed("open", MAX_PAGES)), ...(await listed("closed", MAX_CLOSED_PAGES))];
      return all
        .filter(({ head, base }) => head.ref === branch && head.repo_id === base.repo_id)
        .toSorted((a, b) => b.number - a.number)
        .map(pullRequest);
    },
    async open({ branch, base, title, body, draft }) {
      const wanted = { head: branch, base, title: `${draft ? DRAFT : ""}${title}`, body };
      return pullRequest((await api("POST", `${repository}/pulls`, { body: wanted })) as GiteaPullRequest);
    },
    async update({ number, isDraft }, { title, body }) {
      const wanted = { title: `${isDraft ? DRAFT : ""}${title}`, body };
      return pullRequest(
        (await api("PATCH", `${repository}/pulls/${number}`, { body: wanted })) as GiteaPullRequest,
      );
    },
    async addLabels(number, labels) {
      await api("POST", `${repository}/issues/${number}/labels`, { body: { labels } });
    },
    async requestReviews(number, reviewers) {
      const body = reviewersIn(reviewers);
      await api("POST", `${repository}/pulls/${number}/requested_reviewers`, { body });
    },
  };
}

function pullRequest({
  number,
  html_url: url,
  state,
  draft,
  title,
  body,
  base,
  head,
}: GiteaPullRequest): PullRequest {
  const isDraft = draft ?? title.startsWith(DRAFT);
  return {
    number,
    url,
    title: isDraft ? title.replace(/^(?:wip:|\[wip\])\s*/i, "") : title,
    body,
    isOpen: state === "open",
    isDraft,
    base: base.ref,
    commit: head.sha,
  };
}
