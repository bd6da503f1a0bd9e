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
    return { commits, historyMiB, ...workspace, ...standalone };
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

async function timed(work: () => Promise<RunResult>): Promise<number> {
  const startedAt = performance.now();
  const { code, stdout, stderr } = await work();
  if (code !== 0) throw new Error(`a git container ended with ${code}: ${stdout}${stderr}`);
  return performance.now() - startedAt;
}
