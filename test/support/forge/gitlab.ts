import { breachesOf, GITLAB } from "./descriptions.ts";
import type { ForgeAnswer, ForgePullRequest, ForgeRequest, ForgeState } from "./forge.ts";

const OWN_PROJECT = 7;
const USERS: Readonly<Record<string, number>> = { ann: 11, bob: 12 };

/** Answers as GitLab does; request and answer are held to its reference of the API. */
export async function answerAsGitLab(
  state: ForgeState,
  request: ForgeRequest,
  breaches: string[],
): Promise<ForgeAnswer> {
  const project = `projects/${encodeURIComponent(state.project)}`;
  const answer = await answerTo(state, `${project}/merge_requests`, request);
  if (request.path.startsWith(`${project}/`))
    breaches.push(...breachesOf(GITLAB, request.path.slice(project.length + 1), request, answer));
  return answer;
}

async function answerTo(
  state: ForgeState,
  own: string,
  { method, path, query, body = {} }: ForgeRequest,
): Promise<ForgeAnswer> {
  if (method === "GET" && path === "users") {
    const id = USERS[query.get("username") ?? ""];
    return { status: 200, body: id === undefined ? [] : [{ id, username: query.get("username") }] };
  }
  if (method === "GET" && path === own) {
    const found = state.pulls.filter(({ branch }) => branch === query.get("source_branch"));
    const shown = found.toSorted((a, b) => b.number - a.number).map((pull) => show(pull, state));
    // Somebody's fork has a branch of that name, too.
    const foreign = show({ ...aPull(state, "x", "main"), number: 99 }, state, OWN_PROJECT + 1);
    return { status: 200, body: [foreign, ...shown] };
  }
  if (method === "POST" && path === own) {
    return create(state, body);
  }
  const pull = state.pulls.find(({ number }) => path === `${own}/${number}`);
  if (method === "GET" && pull) return { status: 200, body: show(pull, state) };
  if (method !== "PUT" || !pull) return { status: 404, body: { message: "404 Not found" } };
  if (typeof body["title"] === "string") Object.assign(pull, titled(body["title"]));
  if (typeof body["description"] === "string") pull.body = body["description"];
  if (typeof body["add_labels"] === "string")
    pull.labels = [...new Set([...pull.labels, ...body["add_labels"].split(",")])];
  if (Array.isArray(body["reviewer_ids"])) {
    const ids = body["reviewer_ids"] as number[];
    pull.reviewers = Object.keys(USERS).filter((name) => ids.includes(USERS[name] ?? 0));
  }
  return { status: 200, body: show(pull, state) };
}

async function create(state: ForgeState, body: Record<string, unknown>): Promise<ForgeAnswer> {
  const [branch, base] = [String(body["source_branch"]), String(body["target_branch"])];
  const commit = await state.commitOf(branch);
  if (commit === undefined) return { status: 400, body: { message: { source_branch: ["does not exist"] } } };
  const other = state.pulls.find(
    (pull) => pull.state === "open" && pull.branch === branch && pull.base === base,
  );
  if (other)
    return {
      status: 409,
      body: {
        message: [`Another open merge request already exists for this source branch: !${other.number}`],
      },
    };
  const pull = {
    ...aPull(state, branch, base),
    ...titled(String(body["title"])),
    body: String(body["description"] ?? ""),
    commit,
  };
  state.pulls.push(pull);
  return { status: 201, body: show(pull, state) };
}

function aPull({ pulls }: ForgeState, branch: string, base: string): ForgePullRequest {
  const texts = { title: "", body: "", commit: "0".repeat(40) };
  return {
    number: pulls.length + 1,
    branch,
    base,
    ...texts,
    draft: false,
    state: "open",
    labels: [],
    reviewers: [],
  };
}

function titled(title: string): Pick<ForgePullRequest, "title" | "draft"> {
  return { title: title.replace(/^Draft: /, ""), draft: title.startsWith("Draft: ") };
}

function show(pull: ForgePullRequest, { project, url }: ForgeState, source = OWN_PROJECT): unknown {
  return {
    id: 1000 + pull.number,
    iid: pull.number,
    project_id: OWN_PROJECT,
    title: `${pull.draft ? "Draft: " : ""}${pull.title}`,
    description: pull.body,
    state: pull.state === "open" ? "opened" : "merged",
    source_branch: pull.branch,
    target_branch: pull.base,
    source_project_id: source,
    target_project_id: OWN_PROJECT,
    labels: pull.labels,
    reviewers: pull.reviewers.map((username) => ({ id: USERS[username], username })),
    draft: pull.draft,
    sha: pull.commit,
    web_url: `${url}/${project}/-/merge_requests/${pull.number}`,
  };
}
