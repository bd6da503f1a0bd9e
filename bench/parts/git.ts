import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createPod, repository, resolvedRun } from "../../test/agents/support/pod.ts";
import { createWorkspace } from "../../test/agents/support/workspace.ts";
import { startGitHttpServer } from "../../test/support/git-http-server.ts";
import { runOk, type RunResult } from "../../test/support/run.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { makeLargeHistory } from "../support/large-history.ts";
import { median } from "../support/statistics.ts";

/** What the git containers cost with a large history. */
export interface GitResult {
  commits: number;
  historyMiB: number;
  /** The workspace's first checkout, with its whole history. */
  checkoutMs: number;
  worktreeP50Ms: number;
  /** That of the last of them, when all others are there. */
  lastWorktreeMs: number;
  worktrees: number;
  /** What a standalone run moves at depth 1. */
  runBytes: number;
  /** What `git clone --depth 1` moves. */
  plainBytes: number;
  /** The same repository without and with a credential, in turn. */
  store: StoreResult;
}

/** Medians in milliseconds, and bytes on the claim after it all. */
interface StoreResult {
  rounds: number;
  runMs: Compared;
  worktreeMs: Compared;
  claimBytes: Compared;
}

interface Compared {
  open: number;
  withCredential: number;
}

const WORKTREES = 30;
const MIB = 1024 * 1024;
const LIMIT_MS = 600_000;

/** Runs the containers' own scripts as ordinary processes against a repository that is made for it below `scratch`. */
export async function measureGit(
  scratch: string,
  { commits, historyMiB }: { commits: number; historyMiB: number },
  tell: (line: string) => void,
): Promise<GitResult> {
  await makeLargeHistory(join(scratch, "remote", "large"), { commits, bytes: historyMiB * MIB });
  tell(`made a history of ${commits} commits, ${historyMiB} MiB`);
  const server = await startGitHttpServer({ root: join(scratch, "remote") });
  try {
    const workspace = await measureWorkspace(join(scratch, "workspace"), `${server.url}/large`);
    tell(`worktree ${WORKTREES} took ${workspace.lastWorktreeMs.toFixed(0)} ms`);
    const standalone = await measureStandalone(scratch, server.url);
    const store = await measureStore(join(scratch, "store"), tell);
    return { commits, historyMiB, ...workspace, ...standalone, store };
  } finally {
    await server.close();
  }
}

async function measureWorkspace(place: string, url: string) {
  const workspace = await createWorkspace(place, repository(url, { branch: "main" }));
  const checkoutMs = await timed(() => workspace.initialize({ timeoutMs: LIMIT_MS }));
  const times: number[] = [];
  for (let number = 1; number <= WORKTREES; number += 1) {
    const pod = await workspace.podOf(`run-${number}`, { branch: `work-${number}` });
    times.push(await timed(() => pod.clone()));
  }
  return {
    checkoutMs,
    worktrees: WORKTREES,
    worktreeP50Ms: median(times),
    lastWorktreeMs: times.at(-1) ?? Number.NaN,
  };
}

async function measureStandalone(scratch: string, server: string) {
  await using proxy = await startCountingProxy(server);
  const url = `${proxy.url}/large`;
  await runOk("git", ["clone", "--quiet", "--depth", "1", url, join(scratch, "plain")], {
    timeoutMs: LIMIT_MS,
  });
  const plainBytes = proxy.takeBytes();
  const run = resolvedRun({ repository: repository(url, { branch: "main" }) });
  const pod = await createPod(join(scratch, "standalone"), run, { timeoutMs: LIMIT_MS });
  await timed(() => pod.clone());
  return { plainBytes, runBytes: proxy.takeBytes() };
}

const ROUNDS = 7;
const TOKEN = "token-of-the-bench";

/** Standalone runs and worktrees of a workspace, of a repository of 20 MiB. */
async function measureStore(scratch: string, tell: (line: string) => void): Promise<StoreResult> {
  const root = join(scratch, "remote");
  await mkdir(root, { recursive: true });
  await makeLargeHistory(join(root, "small"), { commits: 200, bytes: 20 * MIB });
  const open = await startGitHttpServer({ root });
  const closed = await startGitHttpServer({ root, user: "x-access-token", password: TOKEN });
  const credentials = { name: "git", key: "token" };
  try {
    const times = [
      await timesOfStore(join(scratch, "open"), repository(`${open.url}/small`, { branch: "main" })),
      await timesOfStore(
        join(scratch, "closed"),
        repository(`${closed.url}/small`, { branch: "main", credentials }),
      ),
    ];
    for (let round = 0; round < ROUNDS; round += 1) for (const each of times) await each.measure(round);
    const [without, withOne] = await Promise.all(times.map((each) => each.result()));
    if (without === undefined || withOne === undefined) throw new Error("nothing was measured");
    const compare = (what: keyof typeof without): Compared => ({
      open: without[what],
      withCredential: withOne[what],
    });
    tell(
      `a run with a credential took ${(withOne.run / without.run).toFixed(2)} times as long as one without`,
    );
    return {
      rounds: ROUNDS,
      runMs: compare("run"),
      worktreeMs: compare("worktree"),
      claimBytes: compare("bytes"),
    };
  } finally {
    await open.close();
    await closed.close();
  }
}

async function timesOfStore(place: string, from: ReturnType<typeof repository>) {
  const options = { values: { "git/token": TOKEN }, timeoutMs: LIMIT_MS };
  const workspace = await createWorkspace(join(place, "workspace"), from, options.values);
  await timed(() => workspace.initialize(options));
  const runs: number[] = [];
  const worktrees: number[] = [];
  return {
    async measure(round: number): Promise<void> {
      const pod = await createPod(join(place, `run-${round}`), resolvedRun({ repository: from }), options);
      runs.push(await timed(() => pod.clone()));
      const one = await workspace.podOf(`run-${round}`, { branch: `work-${round}` });
      worktrees.push(await timed(() => one.clone()));
    },
    async result() {
      const [text = ""] = (await runOk("du", ["-sb", join(place, "run-0")])).split("\t");
      return { run: median(runs), worktree: median(worktrees), bytes: Number(text) };
    },
  };
}

async function timed(work: () => Promise<RunResult>): Promise<number> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await work();
  if (code !== 0) throw new Error(`a git container ended with ${code}: ${stdout}${stderr}`);
  return performance.now() - startedAt;
}
