import { createHash } from "node:crypto";
import { answerAboutChecks } from "./github-checks.ts";
import { readGitHubDescription, type GitHubDescription } from "./github-description.ts";
import type {
  ForgeAnswer,
  ForgeComment,
  ForgeEvent,
  ForgePullRequest,
  ForgeRequest,
  ForgeState,
  ForgeStatus,
} from "./forge.ts";

const COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const EVENTS = "GET /repos/{owner}/{repo}/events";
const PULLS = "/repos/{owner}/{repo}/pulls";

/** Answers as GitHub does; the request and the answer are held to GitHub's own description. */
export async function answerAsGitHub(
  state: ForgeState,
  request: ForgeRequest,
  breaches: string[],
): Promise<ForgeAnswer> {
  const description = readGitHubDescription();
  const operation = operationOf(state, request);
  if (operation === undefined)
    return { status: 404, body: { message: "Not Found", documentation_url: "", status: "404" } };
  try {
    description.checkRequest(operation, request.query, request.body);
    const answer =
      answerAboutChecks(description, operation, state, request) ??
      (await answerTo(description, operation, state, request));
    // The kinds of payloads that it describes are not disjoint: its own example is more than one of them.
    if (operation !== EVENTS) description.checkAnswer(operation, answer.status, answer.body);
    return answer;
  } catch (error) {
    breaches.push(String(error));
    return { status: 500, body: { message: String(error) } };
  }
}

function operationOf({ project }: ForgeState, { method, path }: ForgeRequest): string | undefined {
  if (path === "user") return `${method} /user`;
  const prefix = `repos/${project}/`;
  if (!path.startsWith(prefix)) return undefined;
  const rest = path
    .slice(prefix.length)
    .replace(/^(collaborators)\/[^/]+/, "$1/{username}")
    .replace(/^(issues\/comments)\/\d+/, "$1/{comment_id}")
    .replace(/^(commits)\/[^/]+/, "$1/{ref}")
    .replace(/^(statuses)\/[^/]+$/, "$1/{sha}")
    .replace(/^(check-runs)\/[^/]+$/, "$1/{check_run_id}")
    .replace(/^(issues)\/\d+/, "$1/{issue_number}")
    .replace(/^(pulls)\/\d+/, "$1/{pull_number}");
  return `${method} /repos/{owner}/{repo}/${rest}`;
}

function numberIn(path: string): number {
  return Number(/\/(?:pulls|issues)\/(\d+)/.exec(path)?.[1]);
}

async function answerTo(
  described: GitHubDescription,
  operation: string,
  state: ForgeState,
  { path, query, headers = {}, body = {} }: ForgeRequest,
): Promise<ForgeAnswer> {
  const found = state.pulls.find(({ number }) => number === numberIn(path));
  const shown = (pull: ForgePullRequest, from: string, status: number): unknown =>
    show(described.example(from, status), pull, state);
  switch (operation) {
    case `GET ${PULLS}`: {
      const [, head = ""] = query.get("head")?.split(":") ?? [];
      const wanted = query.get("state") ?? "open";
      const matching = state.pulls
        .filter((pull) => pull.branch === head && (wanted === "all" || pull.state === wanted))
        .toSorted((a, b) => b.number - a.number);
      const example = described.example<Record<string, unknown>[]>(operation, 200);
      return {
        status: 200,
        body: matching.map((pull) => show(structuredClone(example[0] ?? {}), pull, state)),
      };
    }
    case `POST ${PULLS}`:
      return create(described, operation, state, body);
    case EVENTS: {
      const [page, size] = [Number(query.get("page") ?? 1), Number(query.get("per_page") ?? 30)];
      const [example = {}] = described.example<Record<string, unknown>[]>(operation, 200);
      const events = state.events
        .slice(-300)
        .toReversed()
        .slice((page - 1) * size, page * size)
        .map((each) => showEvent(example, each, state));
      const etag = `W/"${createHash("sha256").update(JSON.stringify(events)).digest("hex")}"`;
      const more = { etag, "x-poll-interval": "1" };
      return headers["if-none-match"] === etag
        ? { status: 304, headers: more }
        : { status: 200, body: events, headers: more };
    }
    case "GET /user":
      if (state.app !== undefined)
        return { status: 403, body: { message: "Resource not accessible by integration" } };
      return { status: 200, body: described.example(operation, 200) };
    case "GET /repos/{owner}/{repo}/commits/{ref}/statuses": {
      const [example = {}] = described.example<Record<string, unknown>[]>(operation, 200);
      const there = state.statuses.filter(({ commit }) => path.endsWith(`commits/${commit}/statuses`));
      return { status: 200, body: there.toReversed().map((each) => showStatus(example, each)) };
    }
    case "POST /repos/{owner}/{repo}/statuses/{sha}": {
      const {
        context = "default",
        state: of,
        description = "",
        target_url: url,
      } = body as Record<string, string>;
      const commit = path.split("/").at(-1) ?? "";
      const own = { id: state.statuses.length + 1, commit, context, state: String(of), description };
      const made = url === undefined ? own : { ...own, url };
      state.statuses.push(made);
      return { status: 201, body: showStatus(described.example(operation, 201), made) };
    }
    case `GET ${COMMENTS}`: {
      const [example] = described.example<Record<string, unknown>[]>(operation, 200);
      const there = state.comments.filter((each) => each.number === numberIn(path));
      return { status: 200, body: there.map((each) => showComment(example ?? {}, each)) };
    }
    case `POST ${COMMENTS}`: {
      const own = {
        number: numberIn(path),
        writes: 1,
        author: state.app === undefined ? "octocat" : `${state.app}[bot]`,
      };
      const comment = { ...own, id: state.comments.length + 1, body: String(body["body"]) };
      state.comments.push(comment);
      return { status: 201, body: showComment(described.example(operation, 201), comment) };
    }
    case "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": {
      const comment = state.comments.find(({ id }) => path.endsWith(`/${id}`));
      if (!comment) break;
      comment.body = String(body["body"]);
      comment.writes += 1;
      return { status: 200, body: showComment(described.example(operation, 200), comment) };
    }
    case `GET ${PULLS}/{pull_number}`:
      if (!found) break;
      return { status: 200, body: shown(found, operation, 200) };
    case "GET /repos/{owner}/{repo}/collaborators/{username}/permission": {
      const name = decodeURIComponent(/collaborators\/([^/]+)/.exec(path)?.[1] ?? "");
      const permission = state.writers?.includes(name) ? "write" : "read";
      const example = described.example<Record<string, unknown>>(operation, 200);
      // The description's own example lacks what it requires of a user.
      const user = { ...(example["user"] as object), role_name: permission };
      return { status: 200, body: { ...example, permission, role_name: permission, user } };
    }
    case `PATCH ${PULLS}/{pull_number}`:
      if (!found) break;
      found.title = String(body["title"] ?? found.title);
      found.body = String(body["body"] ?? found.body);
      return { status: 200, body: shown(found, operation, 200) };
    case "POST /repos/{owner}/{repo}/issues/{issue_number}/labels": {
      if (!found) break;
      found.labels = [...new Set([...found.labels, ...(body["labels"] as string[])])];
      const [example] = described.example<Record<string, unknown>[]>(operation, 200);
      return { status: 200, body: found.labels.map((name) => ({ ...example, name })) };
    }
    case `POST ${PULLS}/{pull_number}/requested_reviewers`: {
      if (!found) break;
      const names = [...(body["reviewers"] as string[]), ...(body["team_reviewers"] as string[])];
      if (names.includes("nobody"))
        return refused(
          "Reviews may only be requested from collaborators. One or more of the users is not a collaborator.",
        );
      found.reviewers = [...new Set([...found.reviewers, ...names])];
      return { status: 201, body: shown(found, operation, 201) };
    }
  }
  return {
    status: 404,
    body: { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" },
  };
}

async function create(
  described: GitHubDescription,
  operation: string,
  state: ForgeState,
  body: Record<string, unknown>,
): Promise<ForgeAnswer> {
  const [branch, base] = [String(body["head"]), String(body["base"])];
  const commit = await state.commitOf(branch);
  if (commit === undefined) return refused("head is invalid", "head");
  if ((await state.commitOf(base)) === undefined) return refused("base is invalid", "base");
  if (state.pulls.some((pull) => pull.state === "open" && pull.branch === branch && pull.base === base))
    return refused(`A pull request already exists for ${state.project.split("/")[0]}:${branch}.`);
  const pull = {
    number: state.pulls.length + 1,
    branch,
    base,
    commit,
    state: "open" as const,
    labels: [],
    reviewers: [],
    title: String(body["title"]),
    body: String(body["body"] ?? ""),
    draft: body["draft"] === true,
  };
  state.pulls.push(pull);
  return { status: 201, body: show(described.example(operation, 201), pull, state) };
}

function refused(message: string, field?: string): ForgeAnswer {
  const error = { resource: "PullRequest", code: field === undefined ? "custom" : "invalid", field, message };
  const documentation = "https://docs.github.com/rest/pulls/pulls#create-a-pull-request";
  return {
    status: 422,
    body: { message: "Validation Failed", errors: [error], documentation_url: documentation, status: "422" },
  };
}

function show(
  example: Record<string, unknown>,
  pull: ForgePullRequest,
  { project, url }: ForgeState,
): unknown {
  const side = (name: "head" | "base", more: object): unknown => {
    const given = example[name] as { repo: object };
    return { ...given, ...more, repo: { ...given.repo, full_name: project } };
  };
  return {
    ...example,
    number: pull.number,
    html_url: `${url}/${project}/pull/${pull.number}`,
    state: pull.state,
    draft: pull.draft,
    title: pull.title,
    body: pull.body,
    // The description's own example lacks what it requires of a team.
    requested_teams: [],
    head: side("head", { ref: pull.branch, sha: pull.commit }),
    base: side("base", { ref: pull.base }),
  };
}

function showComment(example: Record<string, unknown>, { id, body, author }: ForgeComment): unknown {
  return { ...example, id, body, user: { ...(example["user"] as object), login: author } };
}

function showStatus(
  example: Record<string, unknown>,
  { id, context, state, description, url }: ForgeStatus,
): Record<string, unknown> {
  return { ...example, id, context, state, description, target_url: url ?? null };
}

function showEvent(
  example: Record<string, unknown>,
  { id, type, login, payload, at }: ForgeEvent,
  { project }: ForgeState,
): Record<string, unknown> {
  const actor = { ...(example["actor"] as object), login };
  const repo = { ...(example["repo"] as object), name: project };
  return { ...example, id, type, actor, repo, payload, created_at: at };
}
