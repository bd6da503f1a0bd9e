import { breachesOf, GITEA } from "./descriptions.ts";
import type { ForgeAnswer, ForgePullRequest, ForgeRequest, ForgeState } from "./forge.ts";

/** Answers as Gitea does; request and answer are held to its description of the API. */
export async function answerAsGitea(
  state: ForgeState,
  request: ForgeRequest,
  breaches: string[],
): Promise<ForgeAnswer> {
  const own = `repos/${state.project}`;
  const answer = await answerTo(state, own, request);
  if (request.path.startsWith(`${own}/`))
    breaches.push(...breachesOf(GITEA, request.path.slice(own.length + 1), request, answer));
  return answer;
}

async function answerTo(
  state: ForgeState,
  own: string,
  { method, path, query, body = {} }: ForgeRequest,
): Promise<ForgeAnswer> {
  if (method === "GET" && path === `${own}/pulls`) {
    const [limit, page] = [Number(query.get("limit")), Number(query.get("page"))];
    const matching = state.pulls.filter((pull) => pull.state === query.get("state")).toReversed();
    return {
      status: 200,
      body: matching.slice((page - 1) * limit, page * limit).map((pull) => show(pull, state)),
    };
  }
  if (method === "POST" && path === `${own}/pulls`) {
    return create(state, body);
  }
  const [, kind = "", number = "", rest = ""] =
    /^(pulls|issues)\/(\d+)(.*)$/.exec(path.slice(own.length + 1)) ?? [];
  const pull = state.pulls.find((each) => String(each.number) === number);
  if (!pull)
    return {
      status: 404,
      body: { message: "The target couldn't be found.", url: `${state.url}/api/swagger` },
    };
  switch (`${method} ${kind}${rest}`) {
    case "PATCH pulls":
      Object.assign(pull, titled(String(body["title"])), { body: String(body["body"]) });
      return { status: 201, body: show(pull, state) };
    case "POST issues/labels":
      pull.labels = [...new Set([...pull.labels, ...(body["labels"] as string[])])];
      return { status: 200, body: pull.labels.map((name) => ({ name })) };
    case "POST pulls/requested_reviewers":
      pull.reviewers = [
        ...new Set([
          ...pull.reviewers,
          ...(body["reviewers"] as string[]),
          ...(body["team_reviewers"] as string[]),
        ]),
      ];
      return { status: 201, body: [] };
  }
  return { status: 405, body: { message: "Method Not Allowed" } };
}

async function create(state: ForgeState, body: Record<string, unknown>): Promise<ForgeAnswer> {
  const [branch, base] = [String(body["head"]), String(body["base"])];
  const commit = await state.commitOf(branch);
  if (commit === undefined) return { status: 404, body: { message: "The target couldn't be found." } };
  const other = state.pulls.find(
    (pull) => pull.state === "open" && pull.branch === branch && pull.base === base,
  );
  if (other)
    return {
      status: 409,
      body: { message: `pull request already exists for these targets [id: ${other.number}]` },
    };
  const number = state.pulls.length + 1;
  const pull: ForgePullRequest = {
    number,
    branch,
    base,
    commit,
    state: "open",
    labels: [],
    reviewers: [],
    ...titled(String(body["title"])),
    body: String(body["body"] ?? ""),
  };
  state.pulls.push(pull);
  return { status: 201, body: show(pull, state) };
}

function titled(title: string): Pick<ForgePullRequest, "title" | "draft"> {
  return { title: title.replace(/^WIP: /, ""), draft: title.startsWith("WIP: ") };
}

function show(pull: ForgePullRequest, { project, url }: ForgeState): unknown {
  return {
    number: pull.number,
    html_url: `${url}/${project}/pulls/${pull.number}`,
    state: pull.state,
    draft: pull.draft,
    title: `${pull.draft ? "WIP: " : ""}${pull.title}`,
    body: pull.body,
    base: { ref: pull.base, repo_id: 3 },
    head: { ref: pull.branch, sha: pull.commit, repo_id: 3 },
  };
}
