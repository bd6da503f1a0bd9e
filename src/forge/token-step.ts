import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { API_URL_FILE, APP_KEYS, type AppTokenTask, CREDENTIAL_FILE } from "../plan/specs/app-token-task.ts";
import { type GitHubApp, mintToken } from "./app-token.ts";
import { cut, type Environment, patience, PERMANENT, report, required } from "./environment.ts";
import { TokenRefusal } from "./token-refusal.ts";

/** Runs as the container `token`, and resolves to its exit code: what it leaves is a credential as git takes it. */
export async function runTokenStep(environment: Environment, say: (text: string) => void): Promise<number> {
  try {
    const task = JSON.parse(required(environment, "AGENT_APP_TOKEN")) as AppTokenTask;
    const { token, apiURL } = await mintToken(await readApp(environment), task, patience());
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

async function readApp(environment: Environment): Promise<GitHubApp> {
  const directory = required(environment, "AGENT_GITHUB_APP");
  const read = async (name: string): Promise<string> =>
    (await readFile(join(directory, name), "utf8")).trim();
  return {
    id: named(APP_KEYS.id, await read(APP_KEYS.id), /^[A-Za-z0-9._-]{1,64}$/),
    installation: named(APP_KEYS.installation, await read(APP_KEYS.installation), /^\d{1,15}$/),
    privateKey: await read(APP_KEYS.privateKey),
    baseURL: environment["AGENT_GITHUB_APP_URL"],
  };
}

/** Without the value: it may be another one's that is in the wrong place. */
function named(key: string, value: string, pattern: RegExp): string {
  if (pattern.test(value)) return value;
  throw new TokenRefusal("GitHubAppInvalid", `${key} is not what GitHub shows as the ID`);
}
