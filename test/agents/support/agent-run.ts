import type { Agent } from "../../../src/agents/agent.ts";
import { agentOfType } from "../../../src/agents/registry.ts";
import type { AgentType } from "../../../src/api/agent-types.ts";
import { startModelEndpoint } from "../../../src/demo/model-endpoint.ts";
import type { ModelEndpoint } from "../../../src/demo/model-endpoint.ts";
import type { ScenarioOf } from "../../../src/demo/model-scenario.ts";
import type { ResolvedRun } from "../../../src/plan/resolved-run.ts";
import { createGitRepository } from "../../support/git-repository.ts";
import type { GitRepository } from "../../support/git-repository.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { createPod, repository, resolvedRun } from "./pod.ts";
import type { TestPod, TestPodOptions } from "./pod.ts";

export const KEY = "sk-test-key";

/** A cloned run of the real agent, with a scripted model and a repository of its own. */
export interface AgentRunTest extends AsyncDisposable {
  agent: Agent;
  origin: GitRepository;
  model: ModelEndpoint;
  pod: TestPod;
}

export interface AgentRunTestOptions {
  agent: AgentType;
  scenario: ScenarioOf;
  /** Files of the repository. */
  files?: Record<string, string>;
  run?: Partial<ResolvedRun>;
  pod?: TestPodOptions;
}

/** Everything up to the point where the agent container would start. */
export async function prepareAgentRun(options: AgentRunTestOptions): Promise<AgentRunTest> {
  const directory = await temporaryDirectory();
  const model = await startModelEndpoint({ scenario: options.scenario });
  const origin = await createGitRepository(`${directory.path}/origin`, options.files);
  const isClaude = options.agent === "claude";
  const run = resolvedRun({
    agent: options.agent,
    repository: repository(origin.path),
    env: [{ name: isClaude ? "ANTHROPIC_BASE_URL" : "OPENAI_BASE_URL", value: model.url }],
    provider: {
      name: "scripted",
      environment: {},
      cliArgs: [],
      token: {
        variable: isClaude ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY",
        secret: { name: "key", key: "key" },
      },
    },
    ...(isClaude ? {} : { model: "scripted-1" }),
    ...options.run,
  });
  const pod = await createPod(`${directory.path}/pod`, run, {
    values: { "key/key": KEY },
    timeoutMs: 60_000,
    ...options.pod,
  });
  const clone = await pod.clone();
  if (clone.code !== 0) throw new Error(clone.stderr);
  return {
    agent: agentOfType(options.agent),
    origin,
    model,
    pod,
    [Symbol.asyncDispose]: async () => {
      await model.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}
