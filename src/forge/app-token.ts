import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { AppTokenTask } from "../plan/specs/app-token-task.ts";
import type { ForgeAccess } from "./forge-fetch.ts";
import { githubRequest } from "./github.ts";
import { ForgeRefusal } from "./refusal.ts";
import { TokenRefusal } from "./token-refusal.ts";

/** What an App's Secret holds. */
export interface GitHubApp {
  id: string;
  installation: string;
  privateKey: string;
  /** Absent: GitHub's own. */
  baseURL?: string;
}

const GITHUB_API = "https://api.github.com";
/** GitHub takes at most ten minutes, and a clock may be late or early. */
const LEEWAY_SECONDS = 60;
const LIFE_SECONDS = 540;

/** A token of the App for the one repository, and the API that has given it. Throws a TokenRefusal. */
export async function mintToken(
  app: GitHubApp,
  task: AppTokenTask,
  access: Omit<ForgeAccess, "apiURL" | "token">,
): Promise<{ token: string; apiURL: string }> {
  const apiURL = apiOf(app, task.host);
  const token = webToken(app, keyOf(app), access.now());
  const ask = (permissions: AppTokenTask["permissions"]): Promise<string> =>
    request({ ...access, apiURL, token }, app, { ...task, permissions });
  try {
    return { apiURL, token: await ask({ ...task.permissions, ...task.wished }) };
  } catch (error) {
    // What the App may not do either is refused when it is tried, in the remote's own words.
    if (!task.wished || !(error instanceof ForgeRefusal) || error.status !== 422)
      throw refusedBy(error, task);
  }
  try {
    return { apiURL, token: await ask(task.permissions) };
  } catch (error) {
    throw refusedBy(error, task);
  }
}

async function request(access: ForgeAccess, app: GitHubApp, task: AppTokenTask): Promise<string> {
  const { data } = await githubRequest(access)("POST /app/installations/{installation_id}/access_tokens", {
    installation_id: Number(app.installation),
    repositories: [task.project.split("/")[1] ?? ""],
    permissions: task.permissions,
  });
  const { token, repositories = [] } = (data ?? {}) as Partial<typeof data>;
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,4096}$/.test(token))
    throw new TokenRefusal("GitHubTokenFailed", "the answer has no token");
  const [given, ...more] = Array.isArray(repositories) ? repositories : [];
  if (String(given?.full_name).toLowerCase() !== task.project.toLowerCase() || more.length > 0)
    throw new TokenRefusal(
      "GitHubAppRefused",
      `the installation is not that of ${task.project}, but of a repository of the same name`,
    );
  return token;
}

/** Where the App is asked. A token of one forge never gets to the host of another. */
function apiOf({ baseURL = "" }: GitHubApp, host: string): string {
  const url = URL.parse(baseURL.trim() === "" ? GITHUB_API : baseURL.trim());
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== ""
  )
    throw new TokenRefusal("GitHubAppInvalid", "githubAppBaseURL is not an https URL");
  const name = host.replace(/:\d+$/, "").replace(/^www\./, "");
  if (![name, `api.${name}`].includes(url.hostname))
    throw new TokenRefusal(
      "GitHubAppInvalid",
      `the App is one of ${url.hostname}, and the repository is at ${name}: set githubAppBaseURL for a GitHub of your own, such as https://${name}/api/v3`,
    );
  return url.href.replace(/\/+$/, "");
}

function keyOf({ privateKey }: GitHubApp): KeyObject {
  try {
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // What is wrong with it might quote it.
  }
  throw new TokenRefusal(
    "GitHubAppInvalid",
    "githubAppPrivateKey is not the RSA key in PEM that GitHub gives",
  );
}

/** By which an App shows that it is itself; RFC 7519. */
function webToken({ id }: GitHubApp, key: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iat: seconds - LEEWAY_SECONDS, exp: seconds + LIFE_SECONDS, iss: id };
  const signed = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

function refusedBy(error: unknown, { project }: AppTokenTask): unknown {
  if (!(error instanceof ForgeRefusal)) return error;
  const said = `GitHub gives the App no token for ${project}: ${error.message}`;
  if (error.reason === "PullRequestFailed" || error.reason === "ForgeRateLimited")
    return new TokenRefusal("GitHubTokenFailed", said);
  return new TokenRefusal(
    error.reason === "ForgeTokenInvalid" ? "GitHubAppInvalid" : "GitHubAppRefused",
    said,
  );
}
