import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { API_URL_FILE } from "../plan/specs/app-token-task.ts";
import { type PullRequestTask, PUSHED_FILE } from "../plan/specs/pull-request-task.ts";
import { cut, type Environment, patience, PERMANENT, report, required } from "./environment.ts";
import { carryOutPullRequest } from "./pull-request.ts";
import { ForgeRefusal } from "./refusal.ts";

const MAX_PUSHED_BYTES = 1024;

/** Runs as the container `pull-request`, and resolves to its exit code. Its termination message is one line of JSON. */
export async function runPullRequestStep(
  environment: Environment,
  say: (text: string) => void,
): Promise<number> {
  try {
    const pushed = await readPushed(join(required(environment, "AGENT_PUSHED"), PUSHED_FILE));
    if (!pushed) {
      say("nothing was pushed, so there is no pull request");
      await report(environment, { nothing: true });
      return 0;
    }
    const task = JSON.parse(required(environment, "AGENT_PULL_REQUEST")) as PullRequestTask;
    const tokenFile = required(environment, "AGENT_FORGE_TOKEN");
    // Beside a token of an App is which API has given it.
    const apiURL = task.isApp ? await readFile(join(dirname(tokenFile), API_URL_FILE), "utf8") : task.apiURL;
    const credential = await readFile(tokenFile, "utf8");
    const done = await carryOutPullRequest({ ...task, apiURL }, pushed, credential, patience());
    say(`pull request ${done.number}: ${done.url}${done.problem === undefined ? "" : `; ${done.problem}`}`);
    await report(environment, {
      commit: pushed.commit,
      ...done,
      ...(done.problem && { problem: cut(done.problem) }),
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ForgeRefusal)) throw error;
    say(error.message);
    await report(environment, { reason: error.reason, message: cut(error.message) });
    return error.reason === "PullRequestFailed" ? 1 : PERMANENT;
  }
}

/** What the container before has handed over: a small plain file, or none. */
async function readPushed(path: string): Promise<{ commit: string; base: string } | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
  if (!file) return undefined;
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_PUSHED_BYTES), 0, MAX_PUSHED_BYTES, 0);
    const [commit = "", base = ""] = buffer.toString("utf8", 0, bytesRead).split("\n");
    if (!/^[0-9a-f]{40,64}$/.test(commit)) throw new Error(`${path} names no commit`);
    return { commit, base };
  } finally {
    await file.close();
  }
}
