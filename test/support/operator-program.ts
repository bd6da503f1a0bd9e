import { freePort } from "./free-port.ts";
import { shippedProgram } from "./program.ts";
import { projectRoot } from "./project-files.ts";
import type { RunningProgram } from "./run.ts";
import { start } from "./run.ts";
import type { TestCluster } from "./cluster.ts";

/** Longer than any test has: a test must not outlive its operator. */
const OPERATOR_LIMIT_MS = 600_000;

/** The operator as a program of its own, which a test can kill; resolves once it works. */
export async function startOperatorProgram({
  kubeconfig,
  namespace,
}: Pick<TestCluster, "kubeconfig" | "namespace">): Promise<RunningProgram> {
  const args = ["--namespace", namespace, "--health-probe-bind-address=0", "--metrics-bind-address=0"];
  const operator = start(process.execPath, [shippedProgram, "operator", ...args], {
    cwd: projectRoot,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeoutMs: OPERATOR_LIMIT_MS,
  });
  await operator.waitForOutput(/"message":"caches are synced; reconciling"/);
  return operator;
}

/** The events component as its own program, which a test can kill; resolves once it takes deliveries at `port`. */
export async function startEventsProgram(
  { kubeconfig, namespace }: Pick<TestCluster, "kubeconfig" | "namespace">,
  more: readonly string[] = [],
): Promise<{ program: RunningProgram; port: number }> {
  const port = await freePort();
  const args = ["--namespace", namespace, `--hooks-bind-address=127.0.0.1:${port}`, ...more];
  const off = ["--health-probe-bind-address=0", "--metrics-bind-address=0"];
  const program = start(process.execPath, [shippedProgram, "events", ...args, ...off], {
    cwd: projectRoot,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeoutMs: OPERATOR_LIMIT_MS,
  });
  await program.waitForOutput(/"message":"triggers are known; taking deliveries"/);
  return { program, port };
}

/** Runs one command of this program against the cluster, as its administrator. */
export function startCommand(
  { kubeconfig, namespace }: TestCluster,
  [command, ...args]: readonly [string, ...string[]],
  { cwd = projectRoot, input = "" }: { cwd?: string; input?: string } = {},
): RunningProgram {
  return start(process.execPath, [shippedProgram, command, ...args, "--namespace", namespace], {
    cwd,
    input,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    timeoutMs: 60_000,
  });
}
