import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { shippedProgram } from "../support/program.ts";
import { run, runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

describe("completion", { concurrency: 2, timeout: 120_000 }, () => {
  const agents = useAgentCluster({});
  const stack = new AsyncDisposableStack();
  let environment: NodeJS.ProcessEnv = {};
  before(async () => {
    const { path } = stack.use(await temporaryDirectory());
    const bin = join(path, "bin");
    await mkdir(bin);
    for (const name of ["agent-operator", "kubectl-agent", "kubectl_complete-agent"]) {
      // As npm installs it: a link by that name.
      await runOk("ln", ["-s", shippedProgram, join(bin, name)]);
    }
    await chmod(shippedProgram, 0o755);
    const node = join(process.execPath, "..");
    environment = {
      ...process.env,
      PATH: `${bin}:${node}:${process.env["PATH"]}`,
      KUBECONFIG: agents.cluster.kubeconfig,
    };
    await agents.create("fix-auth", { providerRef: "nobody" });
    await agents.create("fix-bugs", { providerRef: "nobody" });
    await agents.create("write", { providerRef: "nobody" });
  });
  after(() => stack.disposeAsync());

  /** What bash offers at the end of the line. */
  async function inBash(line: string): Promise<string[]> {
    const words = line.split(/ |(?<=[=:])|(?=[=:])/).filter((word) => word !== " ");
    const script = `source <(agent-operator completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agent_operator; [ "\${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ["--norc", "-c", script, "bash", ...words];
    const { stdout, stderr } = await run("bash", args, { env: environment, timeoutMs: 60_000 });
    assert.equal(stderr, "");
    return stdout.split("\n").filter(Boolean);
  }

  const namespaced = (line: string): string => line.replace("NS", agents.cluster.namespace);
  const lines: [line: string, offered: string[]][] = [
    ["agent-operator canc", ["cancel"]],
    ["agent-operator help re", ["render", "resume", "retry"]],
    ["agent-operator show -n NS fix", ["fix-auth", "fix-bugs"]],
    ["agent-operator run --provider= -n NS", []],
    ["agent-operator run -n NS --provider s", ["scripted"]],
    ["agent-operator run --agent co", ["codex"]],
    ["agent-operator run --agent=co", ["codex"]],
    ["agent-operator list --pha", ["--phase"]],
    ["agent-operator list --phase F", ["Failed"]],
    ["agent-operator nonsense x", []],
  ];
  for (const [line, offered] of lines)
    it(`offers ${offered.join(", ") || "nothing"} for ${line}`, async () => {
      assert.deepEqual((await inBash(namespaced(line))).toSorted(), offered);
    });

  it("offers what follows a colon, by which bash divides a name", async () => {
    const { path } = stack.use(await temporaryDirectory());
    const file = join(path, "config");
    const names = ["arn:aws:eks:eu-1:1:cluster/blue", "arn:aws:eks:eu-1:1:cluster/green", "kind"];
    const contexts = names.map((name) => ({ name, context: { cluster: "c", user: "u" } }));
    await writeFile(file, JSON.stringify({ contexts }));
    const line = `agent-operator list --kubeconfig ${file} --context `;
    assert.deepEqual(await inBash(line), names);
    assert.deepEqual(await inBash(`${line}arn:aws:eks:eu-1:1:cluster/b`), ["cluster/blue"]);
    assert.deepEqual(
      await inBash(`${line}arn:`),
      names.slice(0, 2).map((name) => name.slice(4)),
    );
    assert.deepEqual(await inBash(`${line}${names[0]} --phase F`), ["Failed"]);
  });

  it("never evaluates what stands on the line", async () => {
    const { path } = stack.use(await temporaryDirectory());
    await inBash(`agent-operator show $(touch${"\u00a0"}${path}/evil)`);
    await inBash(`agent-operator show \`touch ${path}/evil\``);
    assert.equal((await run("ls", [path])).stdout, "");
  });

  it("calls itself as kubectl calls it", async () => {
    const kubectl = (...args: string[]) => run("kubectl", args, { env: environment, timeoutMs: 60_000 });
    const help = await kubectl("agent", "help", "show");
    assert.match(help.stdout, /^Usage: kubectl agent show \[RUN\] \[OPTIONS\]$/m);
    const wrong = await kubectl("agent", "shw");
    assert.match(
      wrong.stderr,
      /^kubectl agent: there is no command "shw" \(did you mean show\?\)\nTry: kubectl agent --help/,
    );
    const listed = await kubectl("agent", "list", "-n", agents.cluster.namespace, "-o", "name");
    assert.match(listed.stdout, /fix-auth/);
    const asked = await kubectl("__complete", "agent", "show", "-n", agents.cluster.namespace, "fix-a");
    assert.match(asked.stdout, /^fix-auth\t/m);
  });

  it("offers no name that a shell would not take as it is", async () => {
    const { path } = stack.use(await temporaryDirectory());
    const file = join(path, "config");
    const names = ["good", "$(touch evil)", "a b", "x;y", "\u001B[2J"];
    const contexts = names.map((name) => ({ name, context: { cluster: "c", user: "u" } }));
    await writeFile(file, JSON.stringify({ contexts }));
    assert.deepEqual(await inBash(`agent-operator list --kubeconfig ${file} --context `), ["good"]);
  });
});
