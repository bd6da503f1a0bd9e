import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bubblewrapSandbox } from "./bubblewrap.ts";
import { readSetUpScripts } from "./command-line.ts";
import { namespaceSandbox } from "./namespaces.ts";
import { plainSandbox } from "./plain.ts";
import type { ContainerLaunch, Sandbox, SandboxMode } from "./sandbox.ts";

/** Where a system's own programs are; searched before any other PATH, since containers see these places. */
export const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const PROBE_TIMEOUT_MS = 5000;

function sandboxOf(mode: SandboxMode, path: string, asRoot: boolean): Sandbox | undefined {
  const scripts = readSetUpScripts();
  if (mode === "none") return plainSandbox(path, scripts, asRoot);
  if (process.platform !== "linux") return undefined;
  if (mode === "bubblewrap") return bubblewrapSandbox(path, scripts);
  return mode === "root" && !asRoot ? undefined : namespaceSandbox(mode, path, scripts);
}

function probeLaunch(directory: string): ContainerLaunch {
  const volume = join(directory, "volume");
  mkdirSync(volume);
  return {
    directory,
    argv: ["sh", "-c", 'test "$$" = 1 && test "$(id -u)" = 1000 && cd /probe'],
    env: { PATH: SYSTEM_PATH },
    workingDir: "/",
    hostname: "probe",
    mounts: [{ source: volume, target: "/probe", readOnly: false, isFile: false }],
    uid: 1000,
    gid: 1000,
    supplementalGroups: [],
    readOnlyRootFilesystem: false,
    allowPrivilegeEscalation: false,
    capabilities: [],
  };
}

/** Runs a small container. Resolves to undefined when it went well, else to what was said. */
async function probe(sandbox: Sandbox, scratch: string): Promise<string | undefined> {
  const directory = mkdtempSync(join(scratch, "probe-"));
  try {
    const command = sandbox.prepare(probeLaunch(directory));
    const child = spawn(command.file, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      timeout: PROBE_TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let said = "";
    for (const stream of [child.stderr, child.stdio[3]]) {
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    return await new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || `exit code ${code}`));
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The best sandbox that works here, found by running a container in it; or `wanted`, and then an error
 * says why it cannot be had. `path` is the host's PATH; `scratch` an existing directory.
 */
export async function detectSandbox(scratch: string, path: string, wanted?: SandboxMode): Promise<Sandbox> {
  const asRoot = process.getuid?.() === 0;
  const best: SandboxMode[] = asRoot ? ["root", "user-namespace"] : ["bubblewrap", "user-namespace"];
  const reasons: string[] = [];
  for (const mode of wanted === undefined ? best : [wanted]) {
    const sandbox = sandboxOf(mode, `${SYSTEM_PATH}:${path}`, asRoot);
    if (sandbox !== undefined && mode === "none") return sandbox;
    const problem = sandbox === undefined ? "its programs are not on PATH" : await probe(sandbox, scratch);
    if (sandbox !== undefined && problem === undefined) return sandbox;
    reasons.push(`${mode}: ${problem}`);
  }
  const none = wanted === undefined ? sandboxOf("none", `${SYSTEM_PATH}:${path}`, asRoot) : undefined;
  if (none !== undefined) return none;
  throw new Error(`containers cannot be isolated in this way on this machine (${reasons.join("; ")})`);
}
