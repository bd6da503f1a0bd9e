import { git, gitReading } from "./checkout.ts";
import type { Config } from "./config.ts";

/** The one ref of a bundle that scripts/artifacts.sh has made. */
const BUNDLE_REF = "refs/heads/agent-operator";
const SIGNATURE = "# v2 git bundle";
/** What is before the pack: a line for each commit that it builds on. */
const MAX_HEADER_BYTES = 1024 * 1024;

const NO_HOOKS = ["-c", "core.hooksPath=/dev/null"];
const NONE = "0".repeat(40);

/** What is in the branch now. */
export interface BroughtHome {
  branch: string;
  commit: string;
  /** Commits that HEAD does not have. */
  commits: number;
  /** Whether the branch had it all before. */
  wasThere: boolean;
}

type Surroundings = Pick<Config, "path" | "homeDirectory">;
type Ask = (...args: string[]) => Promise<string>;

/**
 * Takes the commits of a bundle into the repository at `root`, as a branch: a new one, or one that they go on from. Every
 * object is checked, no hook runs, and nothing is written but objects and the one branch: the files, the index and what
 * is checked out stay as they are. Throws an Error that says what is in the way.
 */
export async function bringHome(
  config: Surroundings,
  { bundle, root, branch }: { bundle: Uint8Array; root: string; branch: string },
): Promise<BroughtHome> {
  const ask: Ask = (...args) => git(config, root, ...args);
  await refuseBadName(ask, branch);
  await refuseCheckedOut(ask, branch);
  const { commit, bases, pack } = readBundle(bundle);
  for (const base of bases) await requireCommit(ask, base);
  const ref = `refs/heads/${branch}`;
  const before = await ask("rev-parse", "-q", "--verify", `${ref}^{commit}`).catch(() => undefined);
  const wasThere = before === commit;
  if (!wasThere) {
    // Whatever the user has configured for fetches: what an agent has made is checked, and nothing is overlooked.
    await gitReading(config, root, pack, "index-pack", "--stdin", "--fix-thin", "--strict");
    // Everything that the commit needs is there.
    await ask("rev-list", "--objects", "--quiet", commit, "--not", "--all");
    if (before !== undefined) await refuseOther(ask, before, commit, branch);
    await ask(...NO_HOOKS, "update-ref", "-m", "agent-operator pull", ref, commit, before ?? NONE);
  }
  const commits = Number(await ask("rev-list", "--count", commit, "--not", "HEAD").catch(() => "0"));
  return { branch, commit, commits, wasThere };
}

interface Bundle {
  commit: string;
  /** Commits that it builds on. */
  bases: string[];
  pack: Uint8Array;
}

/** As gitformat-bundle(5) has it; a bundle with anything but the one ref is none of ours. */
function readBundle(bundle: Uint8Array): Bundle {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf("\n\n");
  const [signature, ...lines] = bytes.toString("latin1", 0, Math.max(0, end)).split("\n");
  const bases = lines.flatMap((line) => /^-([0-9a-f]{40})(?: |$)/.exec(line)?.[1] ?? []);
  const refs = lines.slice(bases.length);
  const [, commit] = /^([0-9a-f]{40}) (.*)$/.exec(refs[0] ?? "") ?? [];
  if (
    signature !== SIGNATURE ||
    commit === undefined ||
    refs.length !== 1 ||
    refs[0] !== `${commit} ${BUNDLE_REF}`
  )
    throw new Error("what arrived is not the bundle of one run; nothing was taken");
  return { commit, bases, pack: bytes.subarray(end + 2) };
}

async function refuseBadName(ask: Ask, branch: string): Promise<void> {
  const isBranch = !branch.startsWith("-") && branch !== "HEAD";
  const answer = isBranch ? await ask("check-ref-format", `refs/heads/${branch}`).catch(() => "no") : "no";
  if (answer !== "") throw new Error(`"${branch}" cannot be the name of a branch`);
}

async function refuseCheckedOut(ask: Ask, branch: string): Promise<void> {
  const worktrees = (await ask("worktree", "list", "--porcelain")).split("\n");
  if (worktrees.includes(`branch refs/heads/${branch}`))
    throw new Error(`branch ${branch} is checked out; choose another name with --branch`);
}

async function requireCommit(ask: Ask, base: string): Promise<void> {
  try {
    await ask("cat-file", "-e", `${base}^{commit}`);
  } catch (error) {
    throw new Error(
      `this repository lacks commit ${base}, which the run started from; fetch it first (git fetch), or name the right repository with --repo`,
      { cause: error },
    );
  }
}

/** A branch that exists and has something else is the user's. */
async function refuseOther(ask: Ask, before: string, commit: string, branch: string): Promise<void> {
  try {
    await ask("merge-base", "--is-ancestor", before, commit);
  } catch (error) {
    throw new Error(`branch ${branch} exists and holds other work; choose another name with --branch`, {
      cause: error,
    });
  }
}
