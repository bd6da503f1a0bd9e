import { constants } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type PullRequestTask, PUSHED_FILE } from "../plan/specs/pull-request-task.ts";
import { carryOutPullRequest } from "./pull-request.ts";
import { ForgeRefusal } from "./refusal.ts";

/** Another try would change nothing; what the scripts of the git image say of that, too. */
const PERMANENT = 64;
/** How long rate limits and failures are waited for: the Job has 900 s for all. */
const PATIENCE_MS = 300_000;
const MAX_PUSHED_BYTES = 1024;
/** A node keeps 4096 bytes, and each may become two. */
const MAX_MESSAGE = 1900;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs as the container `pull-request`, and resolves to its exit code. Its termination message is one line of JSON. */
export async function runPullRequestStep(
  environment: Environment,
  say: (text: string) => void,
): Promise<number> {
  const report = (fields: object): Promise<void> =>
    writeFile(
      required(environment, "AGENT_TERMINATION_LOG"),
      `${JSON.stringify({ type: "agent-operator", ...fields })}\n`,
    );
  try {
    const pushed = await readPushed(join(required(environment, "AGENT_PUSHED"), PUSHED_FILE));
    if (!pushed) {
      say("nothing was pushed, so there is no pull request");
      await report({ nothing: true });
      return 0;
    }
    const task = JSON.parse(required(environment, "AGENT_PULL_REQUEST")) as PullRequestTask;
    const credential = await readFile(required(environment, "AGENT_FORGE_TOKEN"), "utf8");
    const access = { now: Date.now, sleep: pause, deadline: Date.now() + PATIENCE_MS };
    const done = await carryOutPullRequest(task, pushed, credential, access);
    say(`pull request ${done.number}: ${done.url}${done.problem === undefined ? "" : `; ${done.problem}`}`);
    await report({ commit: pushed.commit, ...done, ...(done.problem && { problem: cut(done.problem) }) });
    return 0;
  } catch (error) {
    if (!(error instanceof ForgeRefusal)) throw error;
    say(error.message);
    await report({ reason: error.reason, message: cut(error.message) });
    return error.reason === "PullRequestFailed" ? 1 : PERMANENT;
  }
}

async function pause(ms: number): Promise<void> {
  await sleep(ms);
}

function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

function cut(text: string): string {
  return Buffer.from(text)
    .subarray(0, MAX_MESSAGE)
    .toString()
    .replace(/\uFFFD$/, "");
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
