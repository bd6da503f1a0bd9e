import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseGitReport, type GitReport } from "../../../src/plan/specs/git-report.ts";
import { createPod, repository, resolvedRun } from "../../agents/support/pod.ts";
import { createGitRepository } from "../../support/git-repository.ts";
import { run } from "../../support/run.ts";
import { caseTable, type HostileCase, type HostilePlace } from "../table.ts";

/** An agent that tries to change what the operator's own git sees, or to have it run something. */
interface HostileAgent extends HostileCase {
  /** What it does in its checkout, besides writing new.txt. $STEAL is a command that must never run. */
  script: string;
  /** Facts that must be reported; those of an agent that left new.txt if it names none. */
  facts: Partial<GitReport>;
}

const KEY = "sk-ant-0123456789";

function agent(name: string, script: string, facts: Partial<GitReport> = {}): HostileAgent {
  return { name, script, facts, make: async () => {} };
}

const configured = (key: string, value: string): string => `git config ${key} "${value}"`;

/** Every setting that is a program for some git command. */
const PROGRAMS = [
  "core.fsmonitor",
  "core.alternateRefsCommand",
  "core.pager",
  "core.editor",
  "core.sshCommand",
  "core.gitProxy",
  "core.askPass",
  "diff.external",
  "credential.helper",
  "gpg.program",
  "uploadpack.packObjectsHook",
  "trailer.x.command",
  "sequence.editor",
  "pager.diff",
  "pager.status",
  "alias.add",
];

/** Every setting that changes what git sees or says. */
const SETTINGS = [
  ["diff.noprefix", "true"],
  ["diff.mnemonicPrefix", "true"],
  ["diff.srcPrefix", "../../"],
  ["diff.context", "0"],
  ["diff.interHunkContext", "50"],
  ["diff.orderFile", "README.md"],
  ["diff.relative", "true"],
  ["diff.ignoreSubmodules", "all"],
  ["diff.submodule", "log"],
  ["diff.wsErrorHighlight", "all"],
  ["color.ui", "always"],
  ["status.showUntrackedFiles", "no"],
  ["status.short", "true"],
  ["core.excludesFile", "all-files"],
  ["core.attributesFile", "all-files"],
  ["core.quotePath", "false"],
  ["core.fileMode", "false"],
  ["core.ignoreCase", "true"],
  ["core.bare", "true"],
  ["core.worktree", "/tmp"],
  ["core.sparseCheckout", "true"],
  ["core.autocrlf", "true"],
  ["core.eol", "crlf"],
  ["core.bigFileThreshold", "1"],
  ["core.splitIndex", "true"],
  ["core.untrackedCache", "true"],
  ["core.repositoryFormatVersion", "99"],
  ["extensions.partialClone", "origin"],
  ["extensions.worktreeConfig", "true"],
  ["extensions.objectFormat", "sha256"],
  ["extensions.unknown", "true"],
  ["include.path", "/nowhere"],
  ["index.sparse", "true"],
  ["safe.directory", ""],
] as const;

const AGENTS: readonly HostileAgent[] = [
  ...PROGRAMS.map((name) => agent(`config ${name}`, configured(name, "$STEAL"))),
  ...SETTINGS.map(([name, value]) => agent(`config ${name}`, configured(name, value))),
  agent(
    "hooks",
    'mkdir -p .git/hooks; for h in post-index-change pre-commit reference-transaction post-checkout fsmonitor-watchman; do printf "#!/bin/sh\\n$STEAL\\n" >.git/hooks/$h; chmod +x .git/hooks/$h; done',
  ),
  agent(
    "hooks elsewhere",
    'mkdir h; mkdir -p .git/info; printf "#!/bin/sh\\n$STEAL\\n" >h/post-index-change; chmod +x h/*; git config core.hooksPath "$PWD/h"; echo h >.git/info/exclude',
    { filesChanged: 2 },
  ),
  agent(
    "a clean filter",
    'git config filter.x.clean "$STEAL; cat"; mkdir -p .git/info; echo "* filter=x" >.git/info/attributes',
  ),
  agent(
    "a filter of the tree's own attributes",
    'git config filter.x.process "$STEAL"; git config filter.x.clean "$STEAL; cat"; git config filter.x.required true; echo "* filter=x" >.gitattributes',
    { filesChanged: 2 },
  ),
  agent(
    "textconv and external diff",
    'git config diff.x.textconv "$STEAL; cat"; git config diff.x.command "$STEAL"; echo "* diff=x" >.gitattributes; echo more >>README.md',
    { filesChanged: 3 },
  ),
  agent("a merge driver", 'git config merge.x.driver "$STEAL"; echo "* merge=x" >.gitattributes', {
    filesChanged: 2,
  }),
  agent(
    "the home directory's configuration",
    'git config --global core.fsmonitor "$STEAL"; git config --global status.showUntrackedFiles no; git config --global diff.noprefix true',
  ),
  agent(
    "configuration in XDG_CONFIG_HOME",
    'mkdir -p ~/.config/git; printf "[core]\\n\\tfsmonitor = $STEAL\\n\\texcludesFile = %s/all\\n" "$HOME" >~/.config/git/config; echo "*" >~/.config/git/ignore; echo "* -diff" >~/.config/git/attributes',
  ),
  agent(
    "an included file",
    'printf "[core]\\n\\tfsmonitor = $STEAL\\n" >.git/more; git config include.path more; git config includeIf.gitdir:/.path more',
  ),
  agent(
    "a worktree's own configuration",
    'git config extensions.worktreeConfig true; printf "[core]\\n\\tfsmonitor = $STEAL\\n" >.git/config.worktree',
  ),
  agent("excludes beside the tree", 'mkdir -p .git/info; echo "*" >.git/info/exclude'),
  agent("attributes beside the tree", 'mkdir -p .git/info; echo "* -text -diff" >.git/info/attributes'),
  agent(
    "commondir",
    'mkdir -p evil/objects evil/refs; printf "[core]\\n\\trepositoryformatversion = 0\\n\\tfsmonitor = $STEAL\\n" >evil/config; echo "$PWD/evil" >.git/commondir',
    { filesChanged: 2 },
  ),
  agent(
    "alternates that are a link",
    "mkdir -p .git/objects/info; ln -sf /etc/passwd .git/objects/info/alternates",
  ),
  agent("alternates that never end", "mkdir -p .git/objects/info; mkfifo .git/objects/info/alternates"),
  agent(
    "replaced objects",
    "tree=$(git mktree </dev/null); c=$(git commit-tree -m x $tree); git replace -f HEAD $c",
    { commits: 0 },
  ),
  agent("grafts", "mkdir -p .git/info; git rev-parse HEAD >.git/info/grafts"),
  agent(
    "a forged commit graph",
    "mkdir -p .git/objects/info; head -c 4096 /dev/urandom >.git/objects/info/commit-graph",
  ),
  agent("a forged index over packs", "head -c 4096 /dev/urandom >.git/objects/pack/multi-pack-index"),
  agent("a forged index", "head -c 4096 /dev/urandom >.git/index"),
  agent("no index", "rm -f .git/index"),
  agent(
    "locks",
    ": >.git/index.lock; : >.git/HEAD.lock; : >.git/config.lock; : >.git/packed-refs.lock; : >.git/shallow.lock",
  ),
  agent("assumed unchanged", "git update-index --assume-unchanged README.md; echo more >>README.md", {
    filesChanged: 2,
  }),
  agent("skipped in the worktree", "git update-index --skip-worktree README.md; echo more >>README.md", {
    filesChanged: 2,
  }),
  agent(
    "an index that says that all is as it was",
    "echo more >>README.md; git add -A; git read-tree HEAD; touch -d @0 README.md",
    { filesChanged: 2 },
  ),
  agent(
    "a file of the same size and time",
    'stamp=$(stat -c %y README.md); sed -i s/repository/REPOSITORY/ README.md; touch -d "$stamp" README.md',
    { filesChanged: 2 },
  ),
  agent("intent to add", "echo x >soon; git add -N soon", { filesChanged: 2 }),
  agent(
    "variables of git's for later",
    'echo "export GIT_DIR=/nowhere" >>~/.profile; export GIT_WORK_TREE=/tmp',
  ),
  agent("an untracked file of attributes that never ends", "mkdir d; mkfifo d/pipe; echo x >d/file", {
    filesChanged: 2,
  }),
  agent(
    "refs that are no text",
    "mkdir -p .git/refs/heads; head -c 300 /dev/urandom >.git/refs/heads/noise; mkfifo .git/refs/heads/pipe; ln -s /etc/passwd .git/refs/heads/link",
  ),
  agent("a HEAD that is a link", 'ln -sf "$PWD/README.md" .git/HEAD', { filesChanged: 1 }),
  agent("a HEAD that never ends", "rm .git/HEAD; mkfifo .git/HEAD", { filesChanged: 1 }),
  agent("packed refs that never end", "rm -f .git/packed-refs; mkfifo .git/packed-refs"),
  agent(
    "a submodule that runs something",
    'git init -q sub; git -C sub commit -q --allow-empty -m x; git add sub 2>/dev/null; git commit -q -m sub; git -C sub config core.fsmonitor "$STEAL"; git -C sub config filter.x.clean "$STEAL"',
    { commits: 1, filesChanged: 2, leftOutCount: 1 },
  ),
  agent(
    "a repository inside whose HEAD never ends",
    "git init -q sub; rm sub/.git/HEAD; mkfifo sub/.git/HEAD",
    {},
  ),
  agent("a directory for a file", "rm README.md; mkdir README.md; echo x >README.md/x", { filesChanged: 3 }),
  agent("links out of the checkout", "ln -s /etc/passwd passwd; ln -s / root", { filesChanged: 3 }),
  agent(
    "names that a shell or a terminal would obey",
    `touch -- '-rf' '$(id)' "$(printf 'a\\nb')" "$(printf '\\033[31m')" '"'`,
    { filesChanged: 6 },
  ),
  agent(
    "reported files of its own",
    'mkdir -p "$RUN_DIR/report.x"; echo x >"$RUN_DIR/patch"; chmod 400 "$RUN_DIR/patch"',
  ),
];

async function judge({ script, facts }: HostileAgent, { directory }: HostilePlace): Promise<string[]> {
  const origin = await createGitRepository(join(directory, "origin"));
  const pod = await createPod(
    join(directory, "pod"),
    resolvedRun({
      agent: "custom",
      command: [
        "sh",
        "-c",
        `STEAL="printenv AGENT_API_KEY >$RUN_DIR/STOLEN"\n${script}\necho new >new.txt\necho done`,
      ],
      repository: repository(origin.path),
      provider: {
        name: "p",
        environment: {},
        cliArgs: [],
        token: { variable: "AGENT_API_KEY", secret: { name: "key", key: "key" } },
      },
    }),
    { values: { "key/key": KEY }, timeoutMs: 50_000 },
  );
  const clone = await pod.clone();
  if (clone.code !== 0) return [`no checkout: ${clone.stderr}`];
  const ended = await pod.runAgent();
  const seen: string[] = [];
  const stolen = await stat(pod.at("/workspace-run/STOLEN")).then(
    () => true,
    () => false,
  );
  if (stolen) seen.push("its program ran beside the key");
  const git = parseGitReport(await pod.message());
  const expected: Partial<GitReport> = { filesChanged: 1, uncommittedChanges: true, ...facts };
  for (const [name, value] of Object.entries(expected)) {
    const found = git?.[name as keyof GitReport];
    if (found !== value)
      seen.push(`${name} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}: ${ended.stderr}`);
  }
  seen.push(...(await applied(origin.path, pod.at("/workspace-run/patch"), join(directory, "applied"))));
  return seen;
}

/** The patch must make new.txt of the commit that the run began with. */
async function applied(origin: string, patch: string, place: string): Promise<string[]> {
  await run("git", ["clone", "-q", origin, place]);
  const { code, stderr } = await run("git", ["-C", place, "apply", patch]);
  if (code !== 0) return [`git does not apply the patch: ${stderr}`];
  const text = await readFile(join(place, "new.txt"), "utf8").catch(() => "");
  return text === "new\n" ? [] : ["new.txt is not in the patch"];
}

export const table = caseTable({
  name: "agents that configure git",
  kind: "agent",
  never: "the operator's own git, in the report and the patch, obeys only the operator",
  sample: 3,
  cases: AGENTS,
  judge,
});
