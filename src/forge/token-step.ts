import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_URL_FILE, APP_KEYS, type AppTokenTask, CREDENTIAL_FILE } from "../plan/specs/app-token-task.ts";
import { mintToken, readApp } from "./app-token.ts";
import { cut, type Environment, patience, PERMANENT, report, required } from "./environment.ts";
import { TokenRefusal } from "./token-refusal.ts";

/** Runs as the container `token`, and resolves to its exit code: what it leaves is a credential as git takes it. */
export async function runTokenStep(environment: Environment, say: (text: string) => void): Promise<number> {
  try {
    const task = JSON.parse(required(environment, "AGENT_APP_TOKEN")) as AppTokenTask;
    const { token, apiURL } = await mintToken(await readApp(keyReader(environment)), task, patience());
    const directory = required(environment, "AGENT_GIT_CREDENTIALS");
    await writeFile(join(directory, API_URL_FILE), apiURL);
    await writeFile(join(directory, CREDENTIAL_FILE), `x-access-token:${token}\n`);
    say(`GitHub has given a token for ${task.project} and nothing else`);
    return 0;
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error;
    say(error.message);
    await report(environment, { reason: error.reason, message: cut(error.message) });
    return error.reason === "GitHubTokenFailed" ? 1 : PERMANENT;
  }
}

/** The keys that have to be there are files, and that of the API, which may be missing, a variable. */
function keyReader(environment: Environment): (key: string) => Promise<string> {
  const directory = required(environment, "AGENT_GITHUB_APP");
  return async (key) =>
    key === APP_KEYS.baseURL
      ? (environment["AGENT_GITHUB_APP_URL"] ?? "")
      : readFile(join(directory, key), "utf8");
}
