import { createForgeFetch, type ForgeAccess } from "./forge-fetch.ts";
import { ForgeRefusal } from "./refusal.ts";

export type Query = Readonly<Record<string, string | number>>;

/** Sends JSON and resolves to the JSON of the answer. `path` is below the API's URL; its parts are encoded already. */
export type JsonApi = (
  method: "GET" | "POST" | "PUT" | "PATCH",
  path: string,
  more?: { query?: Query; body?: object },
) => Promise<unknown>;

export function createJsonApi(access: ForgeAccess, authorization: string): JsonApi {
  const send = createForgeFetch(access);
  return async (method, path, { query = {}, body } = {}) => {
    const url = new URL(`${access.apiURL}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const headers = {
      accept: "application/json",
      authorization,
      "user-agent": "agent-operator",
      ...(body && { "content-type": "application/json" }),
    };
    const response = await send(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    try {
      return text === "" ? undefined : JSON.parse(text);
    } catch {
      throw new ForgeRefusal(
        "PullRequestFailed",
        `${url.host} does not answer as an API of this forge`,
        response.status,
      );
    }
  };
}

/** Where a repository is below the API of Gitea and GitHub. */
export function repositoryPath(project: string): string {
  return `repos/${project.split("/").map(encodeURIComponent).join("/")}`;
}

/** Where a project is below GitLab's API. */
export function projectPath(project: string): string {
  return `projects/${encodeURIComponent(project)}`;
}

/** The answer as a list of objects. */
export function listOf<T>(answer: unknown): T[] {
  if (!Array.isArray(answer))
    throw new ForgeRefusal("PullRequestFailed", "the forge does not answer with a list");
  return answer as T[];
}
