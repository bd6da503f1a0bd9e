import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AgentRun } from "../../src/api/agent-run.ts";
import { ANNOTATION_CANCEL } from "../../src/api/labels.ts";
import { agentRuns } from "../../src/api/resources.ts";
import { committingScenario } from "../../src/demo/model-scenario.ts";
import { events } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import type { GitHttpServer } from "../support/git-http-server.ts";
import { startGitHttpServer } from "../support/git-http-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Chosen by the word in the prompt; every fault is one that the real CLI meets and reports. */
const SCENARIOS = {
  limited: [{ fault: { status: 429 } }],
  overloaded: [{ fault: { status: 529 } }],
  unknown: [{ fault: { status: 404, message: "model: no-such-model" } }],
  endless: [{ actions: [{ run: "date >> dates.txt" }] }],
  crash: [{ actions: [{ run: "printf half > half.txt" }] }, { actions: [{ run: "kill -SEGV $PPID" }] }],
  cut: [{ text: "I was about to", tooLong: true }],
  hang: [{ actions: [{ run: "printf half > half.txt" }] }, { fault: "hang" as const }],
  commit: committingScenario(),
};

/** Of each agent's own tries, so that a test need not wait for all of them. */
const FEW_TRIES = { CLAUDE_CODE_MAX_RETRIES: "1" };

function ended({ status }: AgentRun): { phase?: string; reason?: string } {
  return { phase: status?.phase, reason: status?.reason };
}

describe("a run that goes wrong says how", { concurrency: 3, timeout: 180_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const opencode = { agent: "opencode", model: "scripted-1", providerRef: "openai" } as const;
  before(async () => {
    await agents.provide("few-tries", { environment: FEW_TRIES });
    await agents.provide("down", {
      environment: { ...FEW_TRIES, ANTHROPIC_BASE_URL: "http://127.0.0.1:9" },
    });
    await agents.provide("openai");
  });

  async function expect(
    name: string,
    spec: Parameters<typeof agents.run>[1],
    reason: string,
    message: RegExp,
    phase = "Failed",
  ): Promise<AgentRun> {
    const run = await agents.run(name, spec);
    assert.deepEqual(ended(run), { phase, reason }, run.status?.message);
    assert.match(run.status?.message ?? "", message);
    return run;
  }

  it("a model that does not answer, while the agent still asks it", async () => {
    const { cluster } = agents;
    await agents.create("silent", { prompt: "overloaded" });
    const run = await agents.until("silent", ({ status }) => status?.reason === "ModelRetry", 60_000);
    assert.equal(run.status?.phase, "Running");
    assert.match(run.status.message ?? "", /^the model does not answer \(529\); the agent asks it again$/);
    const at = { namespace: run.metadata.namespace ?? "", name: "silent" };
    const metadata = { annotations: { [ANNOTATION_CANCEL]: "true" } };
    await cluster.client.patch(agentRuns, at, { metadata });
    await agents.until("silent");
    const { items } = await cluster.client.list(events, { namespace: at.namespace });
    const said = items.filter(
      ({ reason, regarding }) => reason === "ModelRetry" && regarding?.name === "silent",
    );
    assert.equal(said.length, 1);
  });

  it("a model that nobody knows", async () => {
    await expect(
      "unknown",
      { prompt: "unknown", model: "no-such-model" },
      "AgentFailed",
      /does not know model no-such-model \(404\): set spec\.model/,
    );
  });

  it("the deadline, with what was done so far", async () => {
    const run = await expect(
      "late",
      { prompt: "hang", timeout: "30s" },
      "DeadlineExceeded",
      /timeout of 30s passed while the agent was at work/,
      "TimedOut",
    );
    assert.equal(run.status?.outcome, "Changed");
    assert.equal(run.status?.result?.git?.filesChanged, 1);
    assert.ok(run.status?.result?.sessionId);
  });

  it("an agent that does nothing any more", async () => {
    const run = await expect(
      "stalled",
      { prompt: "hang", stallTimeout: "4s" },
      "Stalled",
      /did no work for the run's stallTimeout/,
      "TimedOut",
    );
    assert.equal(run.status?.outcome, "Changed");
  });

  it("an endpoint that limits the rate", async () => {
    await expect("limited", { prompt: "limited", providerRef: "few-tries" }, "RateLimited", /\(429\)/);
  });

  it("an endpoint that is overloaded", async () => {
    await expect("overloaded", { prompt: "overloaded", providerRef: "few-tries" }, "Overloaded", /\(529\)/);
  });

  it("an endpoint that is down", async () => {
    await expect(
      "down",
      { prompt: "commit", providerRef: "down" },
      "AgentFailed",
      /provider down did not answer as it should: look at its base URL/,
    );
  });

  it("the limit of turns, with what was done and spent", async () => {
    const run = await expect("turns", { prompt: "endless", maxTurns: 2 }, "TurnLimit", /number of turns/);
    assert.equal(run.status?.outcome, "Changed");
    assert.ok(Number(run.status?.result?.costUSD) > 0);
  });

  it("an agent that crashes, with what was done so far", async () => {
    const run = await expect("crash", { prompt: "crash" }, "AgentFailed", /exit code 139 \(SIGSEGV\)/);
    assert.equal(run.status?.exitCode, 139);
    assert.equal(run.status?.outcome, "Changed");
  });

  it("an agent that ends with exit code 0 and an error", async () => {
    const run = await expect("cut", { prompt: "cut", ...opencode }, "AgentError", /last step: length/);
    assert.equal(run.status?.exitCode, 0);
  });

  it("an agent that needs more memory than it may have", async () => {
    const resources = { limits: { memory: "40Mi" }, requests: { memory: "40Mi" } };
    await expect("memory", { prompt: "hang", resources }, "OutOfMemory", /more memory than its limit/);
  });

  it("an image without the agent", async () => {
    await expect(
      "no-agent",
      {
        prompt: "commit",
        env: [
          { name: "PATH", value: "/usr/bin:/bin" },
          { name: "npm_config_offline", value: "true" },
        ],
      },
      "InvalidImage",
      /the image has no claude, and npx cannot install @anthropic-ai\/claude-code@/,
    );
  });

  describe("a clone", () => {
    let server: GitHttpServer;
    let silent: GitHttpServer;
    const stack = new AsyncDisposableStack();
    before(async () => {
      const root = stack.use(await temporaryDirectory()).path;
      server = await startGitHttpServer({ root: join(root), user: "user", password: "secret" });
      silent = await startGitHttpServer({ root, hang: true });
      stack.defer(() => server.close());
      stack.defer(() => silent.close());
    });
    after(() => stack.disposeAsync());

    it("of a branch that is not there", async () => {
      await expect(
        "no-branch",
        { prompt: "commit", repository: { url: agents.repositoryUrl, branch: "no-such-branch" } },
        "CloneFailed",
        /no-such-branch/,
      );
    });

    it("of a private repository without credentials", async () => {
      await expect(
        "private",
        { prompt: "commit", repository: { url: `${server.url}/repo.git` } },
        "CloneFailed",
        /could not read Username/,
      );
    });

    it("of a host that cannot be reached", async () => {
      await expect(
        "unreachable",
        { prompt: "commit", repository: { url: "http://127.0.0.1:9/repo.git" } },
        "CloneFailed",
        /Failed to connect to 127\.0\.0\.1/,
      );
    });

    it("that takes longer than the run may", async () => {
      await expect(
        "slow-clone",
        { prompt: "commit", timeout: "3s", repository: { url: `${silent.url}/repo.git` } },
        "DeadlineExceeded",
        /timeout of 3s passed before the agent had started/,
        "TimedOut",
      );
    });
  });
});
