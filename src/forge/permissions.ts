import type { ForgeKind } from "../api/fields/publish.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { githubRequest } from "./github.ts";
import { createJsonApi, type JsonApi, projectPath, repositoryPath } from "./json-api.ts";
import { ForgeRefusal } from "./refusal.ts";

/** Who may do what in one repository of a forge. Every method throws a ForgeRefusal if the forge does not answer that. */
export interface ForgePermissions {
  /** Whether an account may write to the repository. False for one that the forge does not know. */
  mayWrite(account: { name: string; id?: number }): Promise<boolean>;
  /** Whether a pull request is from another repository. */
  isFork(number: number): Promise<boolean>;
}

/** GitLab's Developer. */
const DEVELOPER = 30;

export function createPermissions(kind: ForgeKind, access: ForgeAccess, project: string): ForgePermissions {
  switch (kind) {
    case "GitHub":
      return onGitHub(access, project);
    case "Gitea":
      return onGitea(createJsonApi(access, `token ${access.token}`), project);
    case "GitLab":
      return onGitLab(createJsonApi(access, `Bearer ${access.token}`), project);
  }
}

const WRITERS: ReadonlySet<unknown> = new Set(["admin", "owner", "write", "maintain"]);

function onGitHub(access: ForgeAccess, project: string): ForgePermissions {
  const [owner = "", repo = ""] = project.split("/");
  const request = githubRequest(access);
  return {
    mayWrite: ({ name }) =>
      knownTo(async () => {
        const { data } = await request("GET /repos/{owner}/{repo}/collaborators/{username}/permission", {
          owner,
          repo,
          username: name,
        });
        return WRITERS.has(data.permission);
      }),
    isFork: async (number) => {
      const { data } = await request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
        owner,
        repo,
        pull_number: number,
      });
      return data.head.repo?.full_name.toLowerCase() !== project.toLowerCase();
    },
  };
}

function onGitea(api: JsonApi, project: string): ForgePermissions {
  const repository = repositoryPath(project);
  return {
    mayWrite: ({ name }) =>
      knownTo(async () => {
        const path = `${repository}/collaborators/${encodeURIComponent(name)}/permission`;
        const found = (await api("GET", path)) as { permission?: unknown };
        return WRITERS.has(found.permission);
      }),
    isFork: async (number) => {
      const pull = (await api("GET", `${repository}/pulls/${number}`)) as {
        head?: { repo?: { full_name?: string } };
      };
      return pull.head?.repo?.full_name?.toLowerCase() !== project.toLowerCase();
    },
  };
}

function onGitLab(api: JsonApi, project: string): ForgePermissions {
  const at = projectPath(project);
  return {
    mayWrite: async ({ id }) =>
      id !== undefined &&
      (await knownTo(async () => {
        const member = (await api("GET", `${at}/members/all/${id}`)) as { access_level?: unknown };
        return typeof member.access_level === "number" && member.access_level >= DEVELOPER;
      })),
    isFork: async (number) => {
      const merge = (await api("GET", `${at}/merge_requests/${number}`)) as {
        source_project_id?: unknown;
        target_project_id?: unknown;
      };
      return merge.source_project_id === undefined || merge.source_project_id !== merge.target_project_id;
    },
  };
}

async function knownTo(ask: () => Promise<boolean>): Promise<boolean> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ForgeRefusal && error.reason === "ForgeNotFound") return false;
    throw error;
  }
}
