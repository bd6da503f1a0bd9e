import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGitRepository } from "../../support/git-repository.ts";
import { run, runOk } from "../../support/run.ts";
import { giveToPod, repository } from "./pod.ts";
import { createWorkspace } from "./workspace.ts";

/** What an agent leaves in its worktree, as a shell script that it runs there. */
export interface LeftWorktree {
  name: string;
  script: string;
  /** What the reason for keeping it must match; absent: it must be removed. */
  kept?: RegExp;
  /** With the annotation that removes everything. */
  force?: boolean;
}

const CONFIGURATION = `[user]
  name = A
  email = a@b
[safe]
  directory = *
[protocol "file"]
  allow = always
`;
const LIBRARY = "git submodule --quiet update --init";
const STEAL = 'touch "$PLACE/RAN"';

/** Work that nothing else has, work that something has, and traps: all that is known of how the removal can go wrong. */
export const LEFT_WORKTREES: readonly LeftWorktree[] = [
  { name: "nothing", script: ":" },
  { name: "a commit on its branch", script: "echo x >x; git add x; git commit -qm x" },
  { name: "an ignored file", script: "echo x >ignored" },
  { name: "a stash, which the shared repository keeps", script: "echo x >>README.md; git stash -q" },
  { name: "a submodule as it came", script: LIBRARY },
  { name: "a linked worktree inside, on a branch", script: "git worktree add -q ignored -b inner" },
  { name: "a clone inside with nothing of its own", script: 'git clone -q "$PLACE/origin" ignored' },
  { name: "a changed file", script: "echo x >>README.md", kept: /^ M README\.md$/m },
  { name: "a new file", script: "echo x >new", kept: /^\?\? new$/m },
  { name: "a deleted file", script: "rm README.md", kept: /^ D README\.md$/m },
  {
    name: "a new file beside an exclude of the agent's",
    script: 'mkdir -p "$SHARED/info"; echo "*" >"$SHARED/info/exclude"; echo x >new',
    kept: /\?\? new/,
  },
  {
    name: "a new file that its status does not show",
    script: "git config status.showUntrackedFiles no; echo x >new",
    kept: /\?\? new/,
  },
  {
    name: "a change that is assumed to be none",
    script: "git update-index --assume-unchanged README.md; echo x >>README.md",
    kept: / M README/,
  },
  {
    name: "a change that is skipped",
    script: "git update-index --skip-worktree README.md; echo x >>README.md",
    kept: / M README/,
  },
  { name: "a sparse checkout", script: "git sparse-checkout set --no-cone /nothing" },
  {
    name: "a change of the same size and time",
    script: 'stamp=$(stat -c %y README.md); sed -i s/one/eno/ README.md; touch -d "$stamp" README.md',
    kept: / M README/,
  },
  {
    name: "what is only in the index",
    script: "echo x >x; git add x; rm x; git update-index --skip-worktree x",
    kept: /in the index only: A\tx/,
  },
  {
    name: "an index that is none",
    script: 'head -c 500 /dev/urandom >"$ADMIN/index"',
    kept: /its index cannot be read/,
  },
  {
    name: "a commit on no branch",
    script: "git checkout -q --detach; git commit -q --allow-empty -m x",
    kept: /commit [0-9a-f]{40} is on no branch/,
  },
  {
    name: "a commit that only a ref of the worktree has",
    script:
      "git checkout -q --detach; git commit -q --allow-empty -m x; git update-ref refs/worktree/mine HEAD; git checkout -q -",
    kept: /commits that no branch has \(1\)/,
  },
  { name: "a rebase under way", script: 'mkdir "$ADMIN/rebase-merge"', kept: /a rebase is under way/ },
  { name: "a merge under way", script: 'git rev-parse HEAD >"$ADMIN/MERGE_HEAD"', kept: /MERGE_HEAD/ },
  {
    name: "a repository inside with a commit of its own",
    script:
      "git init -q sub; cd sub; echo p >f; git add f; git commit -qm p; cd ..; git add -A 2>/dev/null; git commit -qm outer",
    kept: /^sub: commits that are nowhere else \(1\)$/m,
  },
  {
    name: "a repository inside without a commit",
    script: "git init -q ignored; echo x >ignored/f",
    kept: /ignored: \?\? f/,
  },
  {
    name: "a bare repository inside",
    script: "git clone -q --bare . ignored",
    kept: /ignored: commits that are nowhere else/,
  },
  {
    name: "a commit in a submodule",
    script: `${LIBRARY}; cd lib; git checkout -qb work; echo p >p; git add p; git commit -qm p; cd ..; git commit -qam bump`,
    kept: /^lib: commits that are nowhere else \(1\)$/m,
  },
  {
    name: "a commit on another branch of a submodule",
    script: `${LIBRARY}; cd lib; git checkout -qb work; git commit -q --allow-empty -m p; git checkout -q --detach origin/main`,
    kept: /lib: commits that are nowhere else/,
  },
  {
    name: "a changed file in a submodule",
    script: `${LIBRARY}; echo x >>lib/lib.txt`,
    kept: /lib: {2}M lib\.txt/,
  },
  {
    name: "a new file in a submodule that ignores",
    script: `${LIBRARY}; echo x >lib/new; git config submodule.lib.ignore all`,
    kept: /lib: \?\? new/,
  },
  {
    name: "a commit in a submodule whose files are gone",
    script: `${LIBRARY}; cd lib; git checkout -qb work; git commit -q --allow-empty -m p; cd ..; git submodule --quiet deinit -f lib`,
    kept: /commits that are nowhere else \(1\)/,
  },
  {
    name: "a linked worktree inside, on no branch",
    script: "git worktree add -q --detach ignored; git -C ignored commit -q --allow-empty -m x",
    kept: /ignored: commits that are nowhere else/,
  },
  {
    name: "a directory that cannot be entered",
    script: "mkdir ignored; echo x >ignored/f; chmod 000 ignored",
    kept: /cannot be entered|could not open/,
  },
  {
    name: "a directory that cannot be entered, by force",
    script: "mkdir d; echo x >d/f; chmod 000 d",
    force: true,
  },
  {
    name: "a submodule that runs something",
    script: `${LIBRARY}; git -C lib config core.fsmonitor '${STEAL}'; git -C lib config filter.x.clean '${STEAL}'; echo x >lib/new`,
    kept: /lib: \?\? new/,
  },
  {
    name: "a repository inside whose HEAD never ends",
    script: "git init -q ignored; rm ignored/.git/HEAD; mkfifo ignored/.git/HEAD; echo x >ignored/f",
    kept: /ignored/,
  },
  {
    name: "a filter and a monitor of the shared repository",
    script: `git config core.fsmonitor '${STEAL}'; git config filter.x.clean '${STEAL}; cat'; mkdir -p "$SHARED/info"; echo "* filter=x" >"$SHARED/info/attributes"; echo x >new`,
    kept: /\?\? new/,
  },
  {
    name: "a link to the metadata of another worktree",
    script: 'echo "gitdir: $SHARED/worktrees/agent-operator.other" >.git',
  },
  {
    name: "a link to the metadata of another worktree, by force",
    script: 'echo "gitdir: $SHARED/worktrees/agent-operator.other" >.git',
    force: true,
  },
  {
    name: "metadata that are a link to another worktree's",
    script: 'rm -rf "$ADMIN"; ln -s agent-operator.other "$ADMIN"',
    force: true,
  },
  {
    name: "all metadata in another place",
    script: 'mv "$SHARED/worktrees" "$SHARED/elsewhere"; ln -s ../../workspace-wt/other "$SHARED/worktrees"',
    force: true,
  },
  {
    name: "a worktree that is a link to another",
    script: "cd ..; rm -rf left; ln -s other left",
    force: true,
  },
  {
    name: "a mark of a removal that has begun",
    script: ': >"$ADMIN/agent-operator-removing"; echo x >new',
    kept: /\?\? new/,
  },
];

/** Makes the worktree, lets the removal look at it, and resolves to what went otherwise than it must. */
export async function judgeRemoval(
  { script, kept, force = false }: LeftWorktree,
  directory: string,
): Promise<string[]> {
  const library = await createGitRepository(join(directory, "library"), { "lib.txt": "lib\n" });
  const origin = await createGitRepository(join(directory, "origin"), {
    "README.md": "one\n",
    ".gitignore": "ignored\n",
  });
  await origin.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.path, "lib");
  await origin.commit({}, "Library");
  await giveToPod(library.path);
  await giveToPod(origin.path);
  const place = join(directory, "pod");
  const workspace = await createWorkspace(place, repository(origin.path));
  const made = [await workspace.initialize()];
  for (const name of ["left", "other"]) {
    made.push(await (await workspace.podOf(name, { branch: `${name}-work` })).clone());
  }
  for (const { code, stderr } of made) assert.equal(code, 0, stderr);
  const shared = join(place, "workspace/.git");
  const configuration = join(directory, "gitconfig");
  await writeFile(configuration, CONFIGURATION);
  await runOk("sh", ["-ec", script], {
    cwd: join(place, "workspace-wt/left"),
    env: {
      PATH: process.env["PATH"],
      HOME: directory,
      GIT_CONFIG_GLOBAL: configuration,
      PLACE: directory,
      SHARED: shared,
      ADMIN: join(shared, "worktrees/agent-operator.left"),
    },
  });
  await giveToPod(place);
  const { code, stderr } = await workspace.cleanUp("left", { force, timeoutMs: 50_000 });
  const seen: string[] = [];
  const message = await workspace.message();
  if (code !== (kept ? 68 : 0)) seen.push(`exit code ${code}: ${message}${stderr}`);
  if (kept && !kept.test(message)) seen.push(`its reason is ${message}`);
  const isThere = async (path: string): Promise<boolean> =>
    (await run("sh", ["-c", '[ -e "$0" ] || [ -L "$0" ]', path])).code === 0;
  if ((await isThere(join(place, "workspace-wt/left"))) !== Boolean(kept))
    seen.push(kept ? "it is gone" : "it is still there");
  if (await isThere(join(directory, "RAN"))) seen.push("its program ran");
  const other = await run("git", [
    "-c",
    "safe.directory=*",
    "-C",
    join(place, "workspace-wt/other"),
    "status",
    "--porcelain",
  ]);
  const admin = (await isThere(join(shared, "elsewhere"))) ? "elsewhere" : "worktrees";
  if (!(await isThere(join(shared, admin, "agent-operator.other/HEAD"))))
    seen.push("the other run's metadata are gone");
  if (!(await isThere(join(place, "workspace-wt/other/README.md"))))
    seen.push("the other run's files are gone");
  if (admin === "worktrees" && other.code !== 0)
    seen.push(`the other run's worktree is damaged: ${other.stderr}`);
  return seen;
}
