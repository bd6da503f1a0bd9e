import type { Forge, PullRequest } from "./forge.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createJsonApi, listOf, projectPath } from "./json-api.ts";
import { ForgeRefusal } from "./refusal.ts";

interface MergeRequest {
  iid: number;
  web_url: string;
  state: string;
  draft?: boolean;
  title: string;
  description: string | null;
  target_branch: string;
  source_project_id: number;
  target_project_id: number;
  sha: string | null;
  reviewers?: { id: number }[];
}

const DRAFT = "Draft: ";

/** GitLab, at gitlab.com or elsewhere. */
export function createGitLab(access: ForgeAccess, project: string): Forge {
  // Personal, project and OAuth tokens alike.
  const api = createJsonApi(access, `Bearer ${access.token}`);
  const requests = `${projectPath(project)}/merge_requests`;
  return {
    async pullRequestsOf(branch) {
      const query = {
        source_branch: branch,
        state: "all",
        order_by: "created_at",
        sort: "desc",
        per_page: 100,
      };
      const found = listOf<MergeRequest>(await api("GET", requests, { query }));
      return found.filter((one) => one.source_project_id === one.target_project_id).map(pullRequest);
    },
    async open({ branch, base, title, body, draft }) {
      const wanted = {
        source_branch: branch,
        target_branch: base,
        title: `${draft ? DRAFT : ""}${title}`,
        description: body,
      };
      return pullRequest((await api("POST", requests, { body: wanted })) as MergeRequest);
    },
    async update({ number, isDraft }, { title, body }) {
      const wanted = { title: `${isDraft ? DRAFT : ""}${title}`, description: body };
      return pullRequest((await api("PUT", `${requests}/${number}`, { body: wanted })) as MergeRequest);
    },
    async addLabels(number, labels) {
      await api("PUT", `${requests}/${number}`, { body: { add_labels: labels.join(",") } });
    },
    async requestReviews(number, reviewers) {
      // What is set takes the place of all that were there.
      const { reviewers: asked = [] } = (await api("GET", `${requests}/${number}`)) as MergeRequest;
      const ids = asked.map(({ id }) => id);
      for (const username of reviewers) {
        const [user] = listOf<{ id: number }>(await api("GET", "users", { query: { username } }));
        if (!user) throw new ForgeRefusal("PullRequestRefused", `there is no user ${username}`);
        if (!ids.includes(user.id)) ids.push(user.id);
      }
      await api("PUT", `${requests}/${number}`, { body: { reviewer_ids: ids } });
    },
  };
}

function pullRequest(one: MergeRequest): PullRequest {
  const isDraft = one.draft === true;
  return {
    number: one.iid,
    url: one.web_url,
    // The draft is a part of the title here.
    title: isDraft ? one.title.replace(/^(?:draft:\s*|\[draft\]\s*|\(draft\)\s*)/i, "") : one.title,
    body: one.description ?? "",
    isOpen: one.state === "opened" || one.state === "locked",
    isDraft,
    base: one.target_branch,
    commit: one.sha ?? "",
  };
}
