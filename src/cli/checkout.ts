import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Config } from "./config.ts";

/** The user's own repository, as a run needs to know it. */
export interface Checkout {
  root: string;
  /** Undefined on a detached HEAD. */
  branch?: string;
  /** Undefined before the first commit. */
  head?: string;
  /** Files with changes that are in no commit. */
  changedFiles: number;
  remote?: Remote;
}

export interface Remote {
  name: string;
  url: string;
  /** The branch there. */
  branch: string;
  /** Commits that it lacks, as far as this repository knows; undefined if it has no such branch. */
  unpushed?: number;
}

type Surroundings = Pick<Config, "path" | "homeDirectory">;

const LIMIT_MS = 120_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** Runs git in a folder, without prompts. Rejects with git's own words. */
export function git(config: Surroundings, directory: string, ...args: string[]): Promise<string> {
  return gitReading(config, directory, undefined, ...args);
}

/** The same with something on its standard input. */
export async function gitReading(
  config: Surroundings,
  directory: string,
  input: Uint8Array | undefined,
  ...args: string[]
): Promise<string> {
  try {
    const running = promisify(execFile)("git", args, {
      cwd: directory,
      env: {
        PATH: config.path,
        HOME: config.homeDirectory,
        GIT_TERMINAL_PROMPT: "0",
        GIT_OPTIONAL_LOCKS: "0",
        LC_ALL: "C",
      },
      timeout: LIMIT_MS,
      maxBuffer: MAX_OUTPUT,
    });
    // A git that ends before it has read all says why itself.
    running.child.stdin?.on("error", () => {});
    running.child.stdin?.end(input);
    return (await running).stdout.trim();
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    const why = said || (error instanceof Error ? error.message : String(error));
    throw new Error(why.replace(/^fatal: /, "git: "), { cause: error });
  }
}

/** The repository that a folder is in; undefined if it is in none. */
export async function findCheckout(config: Surroundings, directory: string): Promise<Checkout | undefined> {
  const ask = (...args: string[]): Promise<string | undefined> =>
    git(config, directory, ...args).then(
      (answer) => answer || undefined,
      () => undefined,
    );
  const root = await ask("rev-parse", "--show-toplevel");
  if (root === undefined) return undefined;
  const [branch, head, changes] = await Promise.all([
    ask("symbolic-ref", "-q", "--short", "HEAD"),
    ask("rev-parse", "-q", "--verify", "HEAD^{commit}"),
    ask("status", "--porcelain"),
  ]);
  const remote = branch === undefined ? undefined : await remoteOf(ask, branch);
  return {
    root,
    ...(branch === undefined ? {} : { branch }),
    ...(head === undefined ? {} : { head }),
    changedFiles: changes?.split("\n").length ?? 0,
    ...(remote === undefined ? {} : { remote }),
  };
}

type Ask = (...args: string[]) => Promise<string | undefined>;

async function remoteOf(ask: Ask, branch: string): Promise<Remote | undefined> {
  const remotes = (await ask("remote"))?.split("\n") ?? [];
  const own = await ask("config", "--get", `branch.${branch}.remote`);
  const name = [own, "origin", remotes[0]].find((each) => each !== undefined && remotes.includes(each));
  if (name === undefined) return undefined;
  const url = await ask("remote", "get-url", name);
  if (url === undefined) return undefined;
  const merge = own === name ? await ask("config", "--get", `branch.${branch}.merge`) : undefined;
  const there = merge?.replace(/^refs\/heads\//, "") ?? branch;
  const unpushed = await ask("rev-list", "--count", `refs/remotes/${name}/${there}..HEAD`);
  return { name, url, branch: there, ...(unpushed === undefined ? {} : { unpushed: Number(unpushed) }) };
}
