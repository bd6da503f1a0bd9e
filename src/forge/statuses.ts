import type { ForgeKind } from "../api/fields/publish.ts";
import type { ReportedStatus } from "../plan/agent-trigger/report.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createJsonApi, listOf, projectPath, type Query, repositoryPath } from "./json-api.ts";
import { ForgeRefusal } from "./refusal.ts";

/** The statuses of a repository's commits. Every method throws a ForgeRefusal if the forge does not do it. */
export interface Statuses {
  /** Sets one, unless it is there. */
  set(commit: string, status: ReportedStatus): Promise<void>;
  /** The commit that a pull request's branch is at. */
  headOf(pullRequest: number): Promise<string>;
}

interface Shown {
  id: number;
  context?: string;
  name?: string;
  state?: string;
  status?: string;
  description?: string | null;
  target_url?: string | null;
}

/** How check runs on GitHub say it. */
const CHECKS = {
  pending: { status: "queued" },
  running: { status: "in_progress" },
  success: { status: "completed", conclusion: "success" },
  failure: { status: "completed", conclusion: "failure" },
  cancelled: { status: "completed", conclusion: "cancelled" },
  timedOut: { status: "completed", conclusion: "timed_out" },
} as const satisfies Record<ReportedStatus["state"], { status: string; conclusion?: string }>;

/** `account`: of the GitHub App that the token is of, if it is; an App makes check runs, and nobody else may. */
export function createStatuses(
  kind: ForgeKind,
  access: ForgeAccess & { account?: string },
  project: string,
): Statuses {
  const authorization = `${kind === "Gitea" ? "token" : "Bearer"} ${access.token}`;
  const api = createJsonApi(access, authorization);
  // An answer that is lost may be one to a status that is there: whoever asks again looks first.
  const once = createJsonApi({ ...access, deadline: 0 }, authorization);
  if (kind === "GitLab") return onGitLab(api, once, projectPath(project));
  const statuses = onGitHub(api, once, kind, project);
  if (access.account === undefined) return statuses;
  return { ...statuses, set: checkRuns(api, once, access.account, repositoryPath(project)) };
}

type Api = ReturnType<typeof createJsonApi>;

interface ShownCheck {
  id: number;
  status?: string;
  conclusion?: string | null;
  external_id?: string | null;
  details_url?: string | null;
  output?: { title?: string | null };
  app?: { slug?: string } | null;
}

/** A required check does not pass by this. */
const TAKEN_OVER = {
  ...CHECKS.cancelled,
  output: { title: "A later run shows how it goes", summary: "A later run of the same trigger took over." },
};

/** One check run for each run; those of earlier runs that have not ended end with it. */
function checkRuns(api: Api, once: Api, account: string, repository: string): Statuses["set"] {
  return async (commit, { id, context, state, description, url }) => {
    const query = { check_name: context, filter: "all", per_page: 100 };
    const answer = await api("GET", `${repository}/commits/${commit}/check-runs`, { query });
    const shown = listOf<ShownCheck>((answer as { check_runs?: unknown } | undefined)?.check_runs);
    const own = shown.filter(({ app }) => `${app?.slug}[bot]` === account);
    const output = { title: description, summary: description };
    const wanted = { ...CHECKS[state], output, ...(url !== undefined && { details_url: url }) };
    const found = newest(own.filter(({ external_id }) => external_id === id));
    for (const each of own)
      if (each !== found && each.status !== "completed")
        await api("PATCH", `${repository}/check-runs/${each.id}`, { body: TAKEN_OVER });
    if (found && isShown(found, wanted)) return;
    if (found) await api("PATCH", `${repository}/check-runs/${found.id}`, { body: wanted });
    else {
      const body = { name: context, head_sha: commit, external_id: id, ...wanted };
      await once("POST", `${repository}/check-runs`, { body });
    }
  };
}

function isShown(
  { status, conclusion, output, details_url }: ShownCheck,
  wanted: { status: string; conclusion?: string; output: { title: string }; details_url?: string },
): boolean {
  // GitHub has a URL where none was given.
  const isLinked = wanted.details_url === undefined || details_url === wanted.details_url;
  const hasEnded = (conclusion ?? undefined) === wanted.conclusion;
  return isLinked && hasEnded && status === wanted.status && output?.title === wanted.output.title;
}

/** How commit statuses say it, which have fewer words. */
function statusState(state: ReportedStatus["state"]): "pending" | "success" | "failure" {
  if (state === "success") return state;
  return CHECKS[state].status === "completed" ? "failure" : "pending";
}

/** GitLab takes a state only from an earlier one, so that what has not ended has one. */
const GITLAB_STATES = { pending: "running", success: "success", failure: "failed" } as const;

/** GitHub and Gitea. */
function onGitHub(api: Api, once: Api, kind: ForgeKind, project: string): Statuses {
  const repository = repositoryPath(project);
  const query: Query = kind === "Gitea" ? { limit: 100 } : { per_page: 100 };
  return {
    async set(commit, { context, state: of, description, url }) {
      const state = statusState(of);
      const found = listOf<Shown>(await api("GET", `${repository}/commits/${commit}/statuses`, { query }));
      const last = newest(found.filter((each) => each.context === context));
      const isThere =
        (last?.state ?? last?.status) === state &&
        last?.description === description &&
        (last.target_url ?? "") === (url ?? "");
      if (isThere) return;
      const body = { context, state, description, ...(url !== undefined && { target_url: url }) };
      await once("POST", `${repository}/statuses/${commit}`, { body });
    },
    headOf: async (number) => {
      const pull = (await api("GET", `${repository}/pulls/${number}`)) as { head?: { sha?: unknown } };
      return commitIn(pull.head?.sha);
    },
  };
}

function onGitLab(api: Api, once: Api, at: string): Statuses {
  return {
    async set(commit, { context, state, description, url }) {
      const query = { name: context, per_page: 100 };
      const path = `${at}/repository/commits/${commit}/statuses`;
      const found = listOf<Shown>(await api("GET", path, { query }));
      const wanted = GITLAB_STATES[statusState(state)];
      if (newest(found.filter(({ name }) => name === context))?.status === wanted) return;
      const body = {
        name: context,
        state: wanted,
        description,
        ...(url !== undefined && { target_url: url }),
      };
      await once("POST", `${at}/statuses/${commit}`, { body });
    },
    headOf: async (number) => {
      const merge = (await api("GET", `${at}/merge_requests/${number}`)) as { sha?: unknown };
      return commitIn(merge.sha);
    },
  };
}

function newest<T extends { id: number }>(shown: readonly T[]): T | undefined {
  return shown.toSorted((a, b) => b.id - a.id)[0];
}

function commitIn(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new ForgeRefusal("PullRequestFailed", "the forge does not say which commit a pull request is at");
}
