import type { ForgeKind } from "../api/fields/publish.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createJsonApi, listOf, projectPath, type Query, repositoryPath } from "./json-api.ts";
import { ForgeRefusal } from "./refusal.ts";

/** What a commit's status says. */
export interface CommitStatus {
  /** Its name: a later one of the same name takes its place. */
  context: string;
  state: "pending" | "success" | "failure";
  /** At most 140 characters. */
  description: string;
  /** Where it leads. */
  url?: string;
}

/** The statuses of a repository's commits. Every method throws a ForgeRefusal if the forge does not do it. */
export interface Statuses {
  /** Sets one, unless it is there. */
  set(commit: string, status: CommitStatus): Promise<void>;
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

/** GitLab takes a state only from an earlier one, so that what has not ended has one. */
const GITLAB_STATES = { pending: "running", success: "success", failure: "failed" } as const;

export function createStatuses(kind: ForgeKind, access: ForgeAccess, project: string): Statuses {
  const authorization = `${kind === "Gitea" ? "token" : "Bearer"} ${access.token}`;
  const api = createJsonApi(access, authorization);
  // An answer that is lost may be one to a status that is there: whoever asks again looks first.
  const once = createJsonApi({ ...access, deadline: 0 }, authorization);
  return kind === "GitLab" ? onGitLab(api, once, projectPath(project)) : onGitHub(api, once, kind, project);
}

type Api = ReturnType<typeof createJsonApi>;

/** GitHub and Gitea. */
function onGitHub(api: Api, once: Api, kind: ForgeKind, project: string): Statuses {
  const repository = repositoryPath(project);
  const query: Query = kind === "Gitea" ? { limit: 100 } : { per_page: 100 };
  return {
    async set(commit, { context, state, description, url }) {
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
      const wanted = GITLAB_STATES[state];
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

function newest(shown: readonly Shown[]): Shown | undefined {
  return shown.toSorted((a, b) => b.id - a.id)[0];
}

function commitIn(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new ForgeRefusal("PullRequestFailed", "the forge does not say which commit a pull request is at");
}
