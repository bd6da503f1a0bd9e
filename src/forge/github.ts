import { request as octokit } from "@octokit/request";
import { type Forge, type PullRequest, reviewersIn } from "./forge.ts";
import { createForgeFetch, type ForgeAccess } from "./forge-fetch.ts";
import { listOf } from "./json-api.ts";
import { ForgeRefusal } from "./refusal.ts";

/** The version of the API that is asked for. */
const API_VERSION = "2022-11-28";

/** GitHub's API with a token of any kind, or an App's JSON web token. */
export function githubRequest(access: ForgeAccess): typeof octokit {
  return octokit.defaults({
    baseUrl: access.apiURL,
    headers: {
      authorization: `Bearer ${access.token}`,
      "user-agent": "agent-operator",
      "x-github-api-version": API_VERSION,
    },
    request: { fetch: createForgeFetch(access), hook: unwrapped },
  });
}

/** The client wraps what its `fetch` has thrown. */
async function unwrapped<T, Options>(send: (options: Options) => Promise<T>, options: Options): Promise<T> {
  try {
    return await send(options);
  } catch (error) {
    throw error instanceof Error && error.cause instanceof ForgeRefusal ? error.cause : error;
  }
}

/** GitHub, and GitHub Enterprise Server. */
export function createGitHub(access: ForgeAccess, project: string): Forge {
  const [owner = "", repo = ""] = project.split("/");
  const at = { owner, repo };
  const request = githubRequest(access);
  return {
    async pullRequestsOf(branch) {
      const { data } = await request("GET /repos/{owner}/{repo}/pulls", {
        ...at,
        head: `${owner}:${branch}`,
        state: "all",
        sort: "created",
        direction: "desc",
        per_page: 100,
      });
      // A filter that a server does not know is passed over by it.
      return listOf<(typeof data)[number]>(data)
        .filter(({ head }) => head.ref === branch && isSame(head.repo?.full_name, project))
        .map(pullRequest);
    },
    async open({ branch, base, title, body, draft }) {
      const wanted = { ...at, head: branch, base, title, body };
      const create = (more: { draft: boolean }) =>
        request("POST /repos/{owner}/{repo}/pulls", { ...wanted, ...more });
      try {
        return pullRequest((await create({ draft })).data);
      } catch (error) {
        // Private repositories of free plans have none.
        if (
          !draft ||
          !(error instanceof ForgeRefusal) ||
          !/draft pull requests are not supported/i.test(error.message)
        )
          throw error;
        return pullRequest((await create({ draft: false })).data);
      }
    },
    async update({ number }, { title, body }) {
      const { data } = await request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
        ...at,
        pull_number: number,
        title,
        body,
      });
      return pullRequest(data);
    },
    async addLabels(number, labels) {
      await request("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", {
        ...at,
        issue_number: number,
        labels: [...labels],
      });
    },
    async requestReviews(number, reviewers) {
      await request("POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", {
        ...at,
        pull_number: number,
        ...reviewersIn(reviewers),
      });
    },
  };
}

function isSame(name: string | undefined, project: string): boolean {
  return name?.toLowerCase() === project.toLowerCase();
}

interface Described {
  number: number;
  html_url: string;
  state: string;
  draft?: boolean;
  title: string;
  body: string | null;
  base: { ref: string };
  head: { sha: string };
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
}: Described): PullRequest {
  return {
    number,
    url,
    title,
    // GitHub's editor writes other line ends.
    body: (body ?? "").replaceAll("\r\n", "\n"),
    isOpen: state === "open",
    isDraft: draft === true,
    base: base.ref,
    commit: head.sha,
  };
}
