import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { requireTool } from "../support/debian.ts";
import { shippedProgram } from "../support/program.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** bash is tried in test/e2e/completion.test.ts. */
describe("completion in zsh and fish", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let environment: NodeJS.ProcessEnv = {};
  before(async () => {
    await Promise.all([requireTool("zsh", "zsh"), requireTool("fish", "fish")]);
    const { path } = stack.use(await temporaryDirectory());
    await mkdir(join(path, "bin"));
    await runOk("ln", ["-s", shippedProgram, join(path, "bin", "agent-operator")]);
    const node = join(process.execPath, "..");
    environment = { ...process.env, HOME: path, PATH: `${join(path, "bin")}:${node}:${process.env["PATH"]}` };
  });
  after(() => stack.disposeAsync());

  it("offers commands and options in fish", async () => {
    const script =
      'agent-operator completion fish | source; complete -C "agent-operator canc"; complete -C "agent-operator run --agent co"';
    const offered = await runOk("fish", ["--no-config", "-c", script], { env: environment });
    assert.match(offered, /^cancel\tStop a run/m);
    assert.match(offered, /^codex/m);
  });

  it("offers commands with what they do in zsh", async () => {
    const script = `autoload -Uz compinit && compinit -D
source <(agent-operator completion zsh)
_describe() { print -rl -- "\${(@P)2}" }
words=(agent-operator canc); CURRENT=2; _agent_operator
words=(agent-operator run --agent co); CURRENT=4; _agent_operator`;
    const offered = await runOk("zsh", ["-fc", script], { env: environment });
    assert.match(offered, /^cancel:Stop a run/m);
    assert.match(offered, /^codex:/m);
  });
});
