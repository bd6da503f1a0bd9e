import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { promisify } from "node:util";

/** A repository for the run, and how the cluster's containers reach it. */
export interface DemoRepository {
  url: string;
  /** Set for a new repository or one of this machine: git in the cluster answers `url` from here. */
  mirrorPath?: string;
  branch: string;
}

/** The address that a repository of this machine has inside the cluster. */
const LOCAL_URL = "https://git.example.com/demo";

type Files = Readonly<Record<string, { text: string; executable?: boolean }>>;

const FILES: Files = {
  "README.md": { text: "# greeter\n\n`./greet.sh NAME` greets; `./test.sh` tests it.\n" },
  "greet.sh": {
    text: "#!/bin/sh\n# Greets whoever is named.\nprintf 'Helo, %s!\\n' \"${1:-world}\"\n",
    executable: true,
  },
  "test.sh": {
    text: `#!/bin/sh
# Passes when greet.sh greets as it should.
got=$(./greet.sh Ada)
if [ "$got" = 'Hello, Ada!' ]; then
  echo 'ok: it greets'
else
  echo "not ok: got \\"$got\\""
  exit 1
fi
`,
    executable: true,
  },
};

/** A small new repository below `directory`, with a mistake that a test finds. */
export async function createDemoRepository(directory: string, env: GitEnvironment): Promise<DemoRepository> {
  const path = join(directory, "greeter");
  await makeRepository(path, FILES, "A greeter, not yet right", env);
  return { url: `${LOCAL_URL}/greeter.git`, mirrorPath: path, branch: "main" };
}

/** A new repository at this path whose branch main has one commit with these files. */
export async function makeRepository(
  path: string,
  files: Files,
  message: string,
  env: GitEnvironment,
): Promise<void> {
  await mkdir(path, { mode: 0o755 });
  for (const [name, file] of Object.entries(files)) {
    await writeFile(join(path, name), file.text);
    await chmod(join(path, name), file.executable ? 0o755 : 0o644);
  }
  await git(env, "-C", path, "init", "--quiet", "--initial-branch=main");
  await git(env, "-C", path, "add", "--all");
  const identity = ["-c", "user.name=Demo", "-c", "user.email=demo@example.com"];
  await git(env, ...identity, "-C", path, "commit", "--quiet", `--message=${message}`);
}

/** Adds a branch at the newest commit. */
export async function addBranch(path: string, branch: string, env: GitEnvironment): Promise<void> {
  await git(env, "-C", path, "branch", "--force", branch);
}

/** Makes a bare copy at this path that can be pushed to; returns what knows the commits of its branches. */
export async function createRemote(
  { mirrorPath = "" }: Pick<DemoRepository, "mirrorPath">,
  path: string,
  env: GitEnvironment,
): Promise<(branch: string) => Promise<string | undefined>> {
  await git(env, "clone", "--quiet", "--bare", "--no-hardlinks", "--", mirrorPath, path);
  await git(env, "-C", path, "config", "http.receivepack", "true");
  return async (branch) => {
    const ref = `refs/heads/${branch}`;
    const found = await git(env, "-C", path, "for-each-ref", "--format=%(objectname)", ref);
    return found.trim() || undefined;
  };
}

/**
 * A repository that the user named. One of this machine is cloned first, so that nothing can change
 * it; a URL is used as it is, and its default branch is asked for.
 */
export async function openRepository(
  where: string,
  directory: string,
  workingDirectory: string,
  env: GitEnvironment,
): Promise<DemoRepository> {
  if (isUrl(where)) {
    const answer = await git(env, "ls-remote", "--symref", "--", where, "HEAD");
    return { url: where, branch: branchIn(answer, where) };
  }
  const source = isAbsolute(where) ? where : resolve(workingDirectory, where);
  const mirrorPath = join(directory, "repository.git");
  // The clone also works for a repository that belongs to someone else, such as a mounted one.
  await git(
    env,
    "-c",
    "safe.directory=*",
    "clone",
    "--quiet",
    "--bare",
    "--no-hardlinks",
    "--",
    source,
    mirrorPath,
  );
  const head = await git(env, "-C", mirrorPath, "symbolic-ref", "--short", "HEAD");
  return { url: `${LOCAL_URL}/repository.git`, mirrorPath, branch: head.trim() };
}

/** `scheme://…` and scp-like `user@host:path`, as git tells them from paths. */
export function isUrl(where: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(where) || /^[^/]+@[^/:]+:/.test(where);
}

/** The environment for git, without prompts. */
export interface GitEnvironment {
  path: string;
  home: string;
}

function branchIn(answer: string, url: string): string {
  const branch = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(answer)?.[1];
  if (branch === undefined) throw new Error(`${url} has no default branch; is it empty?`);
  return branch;
}

async function git(env: GitEnvironment, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", args, {
      env: { PATH: env.path, HOME: env.home, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
      timeout: 60_000,
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`git could not prepare the repository: ${said || String(error)}`, { cause: error });
  }
}
