import type { ForgeKind } from "../api/fields/publish.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { createJsonApi, type JsonApi, listOf, projectPath, type Query, repositoryPath } from "./json-api.ts";

/** What a comment is on. */
export interface CommentPlace {
  kind: "issue" | "pullRequest";
  number: number;
}

/** The comments of the account that the token belongs to. Every method throws a ForgeRefusal if the forge does not do it. */
export interface Comments {
  /** Its comments there that have this text in them, of those since that time (RFC 3339); their ids. */
  find(place: CommentPlace, text: string, since: string): Promise<number[]>;
  /** Resolves to the id. Asks once: if it fails, the comment may be there all the same. */
  create(place: CommentPlace, body: string): Promise<number>;
  update(place: CommentPlace, id: number, body: string): Promise<void>;
}

interface Comment {
  id: number;
  body?: string;
  user?: { login?: string } | null;
  author?: { username?: string };
}

/** `account`: whose comments they are, if the token cannot be asked for it. */
export function createComments(
  kind: ForgeKind,
  access: ForgeAccess & { account?: string },
  project: string,
): Comments {
  const authorization = `${kind === "Gitea" ? "token" : "Bearer"} ${access.token}`;
  const api = createJsonApi(access, authorization);
  // An answer that is lost may be one to a comment that is there: whoever asks again has to look first.
  const once = createJsonApi({ ...access, deadline: 0 }, authorization);
  const isGitLab = kind === "GitLab";
  const repository = isGitLab ? projectPath(project) : repositoryPath(project);
  const listPath = ({ kind: what, number }: CommentPlace): string => {
    if (!isGitLab) return `${repository}/issues/${number}/comments`;
    return `${repository}/${what === "issue" ? "issues" : "merge_requests"}/${number}/notes`;
  };
  return {
    async find(place, text, since) {
      const own = access.account ?? (await accountOf(api));
      const query: Query = isGitLab
        ? { order_by: "created_at", sort: "desc", per_page: 100 }
        : { since, ...(kind === "Gitea" ? { limit: 100 } : { per_page: 100 }) };
      const found = listOf<Comment>(await api("GET", listPath(place), { query }));
      return found
        .filter(({ user: by, author }) => own !== undefined && (by?.login ?? author?.username) === own)
        .filter(({ body }) => body?.includes(text))
        .map(({ id }) => id);
    },
    async create(place, body) {
      return ((await once("POST", listPath(place), { body: { body } })) as Comment).id;
    },
    async update(place, id, body) {
      const path = isGitLab ? `${listPath(place)}/${id}` : `${repository}/issues/comments/${id}`;
      await api(isGitLab ? "PUT" : "PATCH", path, { body: { body } });
    },
  };
}

async function accountOf(api: JsonApi): Promise<string | undefined> {
  const user = (await api("GET", "user")) as { login?: string; username?: string };
  return user.login ?? user.username;
}
