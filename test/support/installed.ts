import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { createGitRepository } from "./git-repository.ts";
import { packOnce } from "./program.ts";
import { projectRoot } from "./project-files.ts";
import { run, runOk, start } from "./run.ts";

/** The npm package, installed for a user who has no checkout. */
export interface Installed {
  /** The folder of the package. */
  folder: string;
  /** Empty; what is typed is typed here. */
  workingDirectory: string;
  env: NodeJS.ProcessEnv;
}

/** Installs the packed file below `directory` without asking a registry, for programs that `node` runs. */
export async function installPackage(directory: string, node: string): Promise<Installed> {
  const prefix = join(directory, "prefix");
  const workingDirectory = join(directory, "empty");
  const home = join(directory, "home");
  for (const path of [prefix, workingDirectory, home]) await mkdir(path, { recursive: true });
  const path = [
    join(prefix, "bin"),
    dirname(node),
    // The agents, as a user has them on PATH.
    join(projectRoot, "node_modules", ".bin"),
    process.env["PATH"] ?? "",
  ].join(delimiter);
  const env = { PATH: path, HOME: home, NO_COLOR: "1", npm_config_cache: join(directory, "npm-cache") };
  const args = ["install", "--global", "--prefix", prefix, "--offline", "--no-audit", "--no-fund"];
  await runOk("npm", [...args, await packOnce()], { cwd: workingDirectory, env, timeoutMs: 60_000 });
  const folder = join(prefix, "lib", "node_modules", "agent-operator");
  return { folder, workingDirectory, env };
}

/** What a new user does first: each must work without a checkout. */
export async function tryEveryCommand(
  { workingDirectory: cwd, env }: Installed,
  node: string,
): Promise<void> {
  const version = await runOk("node", ["--version"], { cwd, env });
  assert.equal(version, await runOk(node, ["--version"]));
  assert.match(await runOk("agent-operator", ["version"], { cwd, env }), /^agent-operator \d/);
  assert.match(await runOk("kubectl-agent", ["help"], { cwd, env }), /\bdoctor\b/);

  const demo = await run("agent-operator", ["demo", "--json"], { cwd, env, timeoutMs: 90_000 });
  assert.equal(demo.code, 0, demo.stderr);
  const { status } = JSON.parse(demo.stdout) as AgentRun;
  assert.equal(status?.phase, "Succeeded", demo.stdout);

  await using dev = start("agent-operator", ["dev", "--no-operator"], { cwd, env, timeoutMs: 120_000 });
  const [, kubeconfig = ""] = await dev.waitForOutput(/export KUBECONFIG=(\S+)/, 60_000);
  const there = { cwd, env: { ...env, KUBECONFIG: kubeconfig }, timeoutMs: 60_000 };
  assert.match(await runOk("agent-operator", ["install"], there), /deployment\/agent-operator applied/);
  const doctor = await run("agent-operator", ["doctor", "--json"], there);
  assert.equal(typeof JSON.parse(doctor.stdout), "object", doctor.stderr);
  await using page = start("agent-operator", ["console"], there);
  const [address = ""] = await page.waitForOutput(/http:\S+/, 30_000);
  assert.match(await (await fetch(address)).text(), /<script type="module"/);
  page.kill("SIGINT");
  assert.equal((await page.ended).code, 0);
  assert.match(await runOk("agent-operator", ["uninstall"], there), /agent-operator/);
  dev.kill("SIGINT");
  assert.equal((await dev.ended).code, 0);
}

/** A task in a repository of the user's, to a commit in a branch of it, without a cluster. */
export async function tryRunLocally({ env }: Installed, directory: string): Promise<void> {
  const model = await startModelEndpoint({ scenario: committingScenario() });
  try {
    const repository = await createGitRepository(join(directory, "mine"));
    const withModel = { ...env, ANTHROPIC_API_KEY: "any", ANTHROPIC_BASE_URL: model.url };
    const args = ["run", "--local", "--name", "first", "Write a greeting"];
    await runOk("agent-operator", args, { cwd: repository.path, env: withModel, timeoutMs: 90_000 });
    assert.equal(await repository.git("log", "--format=%s", "HEAD..agent/first"), "Add HELLO.md");
    assert.equal(await repository.git("status", "--porcelain"), "");
  } finally {
    await model.close();
  }
}
