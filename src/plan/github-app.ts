import { forgeAddress } from "./forge-address.ts";
import type { ResolvedGitHubApp } from "./resolved-run.ts";

/** An App's Secret for a repository; undefined if its URL is not one that GitHub has repositories at. */
export function githubAppFor(
  url: string,
  { secret, image }: Pick<ResolvedGitHubApp, "secret" | "image">,
  task: Pick<ResolvedGitHubApp["task"], "permissions" | "wished">,
): ResolvedGitHubApp | undefined {
  const address = /^https?:/i.test(url) ? forgeAddress(url, { forge: "GitHub" }) : undefined;
  return address && { secret, image, task: { project: address.project, host: address.host, ...task } };
}

/** What a push needs, and a pull request if one is wanted. */
export function publishPermissions(
  protectedPaths: readonly string[],
  hasPullRequest: boolean,
): Pick<ResolvedGitHubApp["task"], "permissions" | "wished"> {
  return {
    permissions: { contents: "write", ...(hasPullRequest && { pull_requests: "write" as const }) },
    ...(!protectedPaths.some(coversWorkflows) && { wished: { workflows: "write" as const } }),
  };
}

/** A workflow of any name, and the folders that hold it. */
const WORKFLOW = [".github", ".github/workflows", ".github/workflows/\u{10ffff}"];

/** Whether a protected path is all of GitHub's workflows. Letter case does not matter, as in the check of the push. */
function coversWorkflows(path: string): boolean {
  const pattern = path
    .replace(/\/+$/, "")
    .replaceAll(
      /\*\*\/|\*\*|\*|\?|[^*?]+/g,
      (part) => GLOB[part] ?? part.replaceAll(/[\\^$.+()[\]{}|]/g, "\\$&"),
    );
  const regex = new RegExp(`^${pattern}$`, "iu");
  return WORKFLOW.some((each) => regex.test(each));
}

const GLOB: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "**": ".*",
  "*": "[^/]*",
  // One character, which would be a name of one character only.
  "?": "(?!)",
};
