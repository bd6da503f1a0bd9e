import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run, runOk } from "./run.ts";

/** A symbolic link. */
export interface Link {
  link: string;
}

/** A real git repository that a test fills and reads. */
export interface GitRepository {
  readonly path: string;
  /** Writes the files and links and commits them on the current branch; resolves to the commit id. */
  commit(files: Readonly<Record<string, string | Link>>, message?: string): Promise<string>;
  /** Creates the branch at the current commit and switches to it. */
  branch(name: string): Promise<void>;
  switchTo(name: string): Promise<void>;
  /** Any git command in the repository; rejects unless it exits with 0. Resolves to trimmed standard output. */
  git(...args: string[]): Promise<string>;
  /** The commit of a branch; undefined: there is none. */
  commitOf(branch: string): Promise<string | undefined>;
  /** Whether git knows this object or ref. */
  has(revision: string): Promise<boolean>;
}

/** No configuration of this machine or its user reaches the repository. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
};

/** A new repository with one commit on `main`, readable by every user. */
export async function createGitRepository(
  path: string,
  files: Readonly<Record<string, string | Link>> = { "README.md": "# A repository\n" },
): Promise<GitRepository> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const git = async (...args: string[]): Promise<string> =>
    (await runOk("git", ["-C", path, ...args], { env: environment })).trim();
  const repository: GitRepository = {
    path,
    git,
    commit: async (changes, message = "A change") => {
      for (const [name, text] of Object.entries(changes)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        if (typeof text === "string") await writeFile(join(path, name), text);
        else await symlink(text.link, join(path, name));
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD");
    },
    branch: async (name) => void (await git("switch", "--quiet", "--create", name)),
    switchTo: async (name) => void (await git("switch", "--quiet", name)),
    commitOf: async (name) =>
      (await git("for-each-ref", "--format=%(objectname)", `refs/heads/${name}`)) || undefined,
    has: async (revision) =>
      (await run("git", ["-C", path, "cat-file", "-e", revision], { env: environment })).code === 0,
  };
  await git("init", "--quiet", "--initial-branch", "main");
  await repository.commit(files, "First commit");
  return repository;
}
