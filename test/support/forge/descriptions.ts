import type { ForgeAnswer, ForgeRequest } from "./forge.ts";

// Facts of what Gitea and GitLab have published of their APIs, for the requests that pull requests need: names, kinds and
// values, none of the texts. Gitea: templates/swagger/v1-swagger.generated.json and modules/structs of go-gitea/gitea; GitLab:
// doc/api/merge_requests.md of gitlabhq/gitlabhq. Read on 2026-11-28.

type Kind =
  | "string"
  | "integer"
  | "boolean"
  | "integers"
  | "strings"
  | "integers or strings"
  | readonly string[];

interface Described {
  query?: Readonly<Record<string, Kind>>;
  body?: Readonly<Record<string, Kind>>;
  required?: readonly string[];
  /** What is described of answers; GitLab's page names none. */
  statuses?: readonly number[];
  /** The fields of an answer, or of each of a list, that are read. */
  answer?: Readonly<Record<string, Kind | "null or string">>;
}

const PULL_FIELDS = {
  number: "integer",
  html_url: "string",
  state: ["open", "closed"],
  title: "string",
  body: "string",
} as const;
const MERGE_REQUEST_FIELDS = {
  iid: "integer",
  web_url: "string",
  state: ["opened", "closed", "locked", "merged"],
  draft: "boolean",
  title: "string",
  description: "null or string",
  target_branch: "string",
  source_project_id: "integer",
  target_project_id: "integer",
  sha: "null or string",
} as const;

/** By method and path below the repository. */
export const GITEA: Readonly<Record<string, Described>> = {
  "GET pulls": {
    query: {
      base_branch: "string",
      state: ["open", "closed", "all"],
      sort: [
        "oldest",
        "recentupdate",
        "recentclose",
        "leastupdate",
        "mostcomment",
        "leastcomment",
        "priority",
      ],
      milestone: "integer",
      labels: "integers",
      poster: "string",
      page: "integer",
      limit: "integer",
    },
    statuses: [200, 404, 500],
    answer: PULL_FIELDS,
  },
  "POST pulls": {
    body: {
      head: "string",
      base: "string",
      title: "string",
      body: "string",
      assignee: "string",
      assignees: "strings",
      milestone: "integer",
      labels: "integers",
      due_date: "string",
    },
    required: ["head", "base", "title"],
    statuses: [201, 403, 404, 409, 422, 423],
    answer: PULL_FIELDS,
  },
  "PATCH pulls/N": {
    body: {
      title: "string",
      body: "string",
      base: "string",
      assignee: "string",
      assignees: "strings",
      milestone: "integer",
      labels: "integers",
      state: "string",
      due_date: "string",
      unset_due_date: "boolean",
    },
    statuses: [201, 403, 404, 409, 412, 422],
    answer: PULL_FIELDS,
  },
  "POST issues/N/labels": { body: { labels: "integers or strings" } },
  "POST pulls/N/requested_reviewers": { body: { reviewers: "strings", team_reviewers: "strings" } },
};

/** By method and path below the project. */
export const GITLAB: Readonly<Record<string, Described>> = {
  "GET merge_requests": {
    query: {
      author_id: "integer",
      author_username: "string",
      labels: "string",
      milestone: "string",
      order_by: ["created_at", "title", "updated_at"],
      reviewer_id: "integer",
      reviewer_username: "string",
      scope: ["created_by_me", "assigned_to_me", "all"],
      search: "string",
      sort: ["asc", "desc"],
      source_branch: "string",
      state: ["opened", "closed", "locked", "merged", "all"],
      target_branch: "string",
      view: ["simple"],
      page: "integer",
      per_page: "integer",
    },
    answer: MERGE_REQUEST_FIELDS,
  },
  "GET merge_requests/N": { answer: MERGE_REQUEST_FIELDS },
  "POST merge_requests": {
    body: {
      source_branch: "string",
      target_branch: "string",
      title: "string",
      allow_collaboration: "boolean",
      assignee_id: "integer",
      assignee_ids: "integers",
      description: "string",
      labels: "string",
      milestone_id: "integer",
      remove_source_branch: "boolean",
      reviewer_ids: "integers",
      squash: "boolean",
      target_project_id: "integer",
    },
    required: ["source_branch", "target_branch", "title"],
    answer: MERGE_REQUEST_FIELDS,
  },
  "PUT merge_requests/N": {
    body: {
      add_labels: "string",
      allow_collaboration: "boolean",
      assignee_id: "integer",
      assignee_ids: "integers",
      description: "string",
      discussion_locked: "boolean",
      labels: "string",
      milestone_id: "integer",
      remove_labels: "string",
      remove_source_branch: "boolean",
      reviewer_ids: "integers",
      squash: "boolean",
      state_event: ["close", "reopen"],
      target_branch: "string",
      title: "string",
    },
    answer: MERGE_REQUEST_FIELDS,
  },
};

/** What of a request or its answer is otherwise than described; `path` is below the repository. */
export function breachesOf(
  description: Readonly<Record<string, Described>>,
  path: string,
  { method, query, body }: ForgeRequest,
  answer: ForgeAnswer,
): string[] {
  const name = `${method} ${path.replace(/\/\d+/, "/N")}`;
  const described = description[name];
  if (!described) return answer.status < 400 ? [`${name} is not described`] : [];
  const { statuses, required = [] } = described;
  const shown = answer.status < 300 && described.answer ? [answer.body].flat() : [];
  return [
    ...Object.entries(Object.fromEntries(query)).flatMap(([key, value]) =>
      breach(described.query, key, described.query?.[key] === "integer" ? Number(value) : value),
    ),
    ...Object.entries(body ?? {}).flatMap(([key, value]) => breach(described.body, key, value)),
    ...required.filter((key) => !(key in (body ?? {}))).map((key) => `${key} is required`),
    ...(statuses && !statuses.includes(answer.status) ? [`answers ${answer.status}`] : []),
    ...shown.flatMap((one) =>
      Object.keys(described.answer ?? {}).flatMap((key) =>
        breach(described.answer, key, (one as Record<string, unknown>)[key]),
      ),
    ),
  ].map((what) => `${name}: ${what}`);
}

function breach(kinds: Described["answer"], key: string, value: unknown): string[] {
  const kind = kinds?.[key];
  if (kind === undefined) return [`${key} is unknown`];
  return isOfKind(kind, value) ? [] : [`${key} is ${JSON.stringify(value)}`];
}

function isOfKind(kind: NonNullable<Described["answer"]>[string], value: unknown): boolean {
  const every = (type: string): boolean => Array.isArray(value) && value.every((one) => typeof one === type);
  switch (kind) {
    case "string":
    case "boolean":
      return typeof value === kind;
    case "integer":
      return Number.isInteger(value);
    case "integers":
      return every("number");
    case "strings":
      return every("string");
    case "integers or strings":
      return every("number") || every("string");
    case "null or string":
      return value === null || typeof value === "string";
    default:
      return kind.includes(String(value));
  }
}
