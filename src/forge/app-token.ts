import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { APP_KEYS, type AppTokenTask } from "../plan/specs/app-token-task.ts";
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

/** What a token is to be for. Without a host the App's own forge is the only one that anything names. */
export type TokenTask = Omit<AppTokenTask, "host"> & { host?: string | undefined };

const GITHUB_API = "https://api.github.com";
/** GitHub takes at most ten minutes, and a clock may be late or early. */
const LEEWAY_SECONDS = 60;
const LIFE_SECONDS = 540;

/** A token of the App for the one repository, and the API that has given it. Throws a TokenRefusal. */
export async function mintToken(
  app: GitHubApp,
  task: TokenTask,
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

/** The account that an App's comments are from. Throws a TokenRefusal. */
export async function accountOf(
  app: GitHubApp,
  apiURL: string,
  access: Omit<ForgeAccess, "apiURL" | "token">,
): Promise<string> {
  const token = webToken(app, keyOf(app), access.now());
  try {
    const { data } = await githubRequest({ ...access, apiURL, token })("GET /app");
    if (typeof data?.slug === "string" && data.slug !== "") return `${data.slug}[bot]`;
  } catch (error) {
    if (!(error instanceof ForgeRefusal)) throw error;
    throw new TokenRefusal("GitHubTokenFailed", `GitHub does not name the App: ${error.message}`);
  }
  throw new TokenRefusal("GitHubTokenFailed", "GitHub does not name the App");
}

/** What an App's Secret holds, key by key. Throws a TokenRefusal if that is none. */
export async function readApp(read: (key: string) => Promise<string>): Promise<GitHubApp> {
  const [id, installation, privateKey, baseURL] = await Promise.all(
    [APP_KEYS.id, APP_KEYS.installation, APP_KEYS.privateKey, APP_KEYS.baseURL].map(async (key) =>
      (await read(key)).trim(),
    ),
  );
  return {
    id: named(APP_KEYS.id, id, /^[A-Za-z0-9._-]{1,64}$/),
    installation: named(APP_KEYS.installation, installation, /^\d{1,15}$/),
    privateKey: privateKey ?? "",
    baseURL: baseURL ?? "",
  };
}

/** Without the value: it may be another one's that is in the wrong place. */
function named(key: string, value: string | undefined, pattern: RegExp): string {
  if (value !== undefined && pattern.test(value)) return value;
  throw new TokenRefusal("GitHubAppInvalid", `${key} is not what GitHub shows as the ID`);
}

async function request(access: ForgeAccess, app: GitHubApp, task: TokenTask): Promise<string> {
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
function apiOf({ baseURL = "" }: GitHubApp, host: string | undefined): string {
  const url = URL.parse(baseURL.trim() === "" ? GITHUB_API : baseURL.trim());
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== ""
  )
    throw new TokenRefusal("GitHubAppInvalid", "githubAppBaseURL is not an https URL");
  if (host === undefined) return plainUrl(url);
  const name = host.replace(/:\d+$/, "").replace(/^www\./, "");
  if (![name, `api.${name}`].includes(url.hostname))
    throw new TokenRefusal(
      "GitHubAppInvalid",
      `the App is one of ${url.hostname}, and the repository is at ${name}: set githubAppBaseURL for a GitHub of your own, such as https://${name}/api/v3`,
    );
  return plainUrl(url);
}

function plainUrl({ href }: URL): string {
  return href.replace(/\/+$/, "");
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

function refusedBy(error: unknown, { project }: TokenTask): unknown {
  if (!(error instanceof ForgeRefusal)) return error;
  const said = `GitHub gives the App no token for ${project}: ${error.message}`;
  if (error.reason === "PullRequestFailed" || error.reason === "ForgeRateLimited")
    return new TokenRefusal("GitHubTokenFailed", said);
  return new TokenRefusal(
    error.reason === "ForgeTokenInvalid" ? "GitHubAppInvalid" : "GitHubAppRefused",
    said,
  );
}
