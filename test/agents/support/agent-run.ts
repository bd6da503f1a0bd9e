import { rm } from "node:fs/promises";
import type { Agent } from "../../../src/agents/agent.ts";
import { agentOfType } from "../../../src/agents/registry.ts";
import { startModelEndpoint } from "../../../src/demo/model-endpoint.ts";
import type { ModelEndpoint } from "../../../src/demo/model-endpoint.ts";
import type { ScenarioOf } from "../../../src/demo/model-scenario.ts";
import type { ResolvedRun } from "../../../src/plan/resolved-run.ts";
import { createGitRepository } from "../../support/git-repository.ts";
import type { GitRepository, Link } from "../../support/git-repository.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { agentFacts } from "./agent-facts.ts";
import type { NamedAgent } from "./agent-facts.ts";
import { createPod, repository, resolvedRun } from "./pod.ts";
import type { TestPod, TestPodOptions } from "./pod.ts";

export const KEY = "sk-test-key";

/** A cloned run of the real agent, with a scripted model and its own repository. */
export interface AgentRunTest extends AsyncDisposable {
  agent: Agent;
  origin: GitRepository;
  model: ModelEndpoint;
  pod: TestPod;
  /** The pod of a further attempt, which goes on with a session: of the first one only the claim is left. */
  again(session: string): Promise<TestPod>;
}

export interface AgentRunTestOptions {
  agent: NamedAgent;
  scenario: ScenarioOf;
  /** Files of the repository. */
  files?: Readonly<Record<string, string | Link>>;
  /** Variables besides the model's address. */
  env?: ResolvedRun["env"];
  run?: Partial<ResolvedRun>;
  pod?: TestPodOptions;
}

/** Everything up to the point where the agent container would start. */
export async function prepareAgentRun(options: AgentRunTestOptions): Promise<AgentRunTest> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const model = await startModelEndpoint({ scenario: options.scenario });
  stack.defer(() => model.close());
  const origin = await createGitRepository(`${directory.path}/origin`, options.files);
  const facts = agentFacts[options.agent];
  const run = resolvedRun({
    agent: options.agent,
    repository: repository(origin.path),
    env: [{ name: facts.baseUrl, value: model.url }, ...(options.env ?? [])],
    provider: {
      name: "scripted",
      environment: {},
      cliArgs: [],
      token: {
        variable: facts.token,
        secret: { name: "key", key: "key" },
      },
    },
    ...(facts.model === undefined ? {} : { model: facts.model }),
    ...options.run,
  });
  const podOptions = { values: { "key/key": KEY }, timeoutMs: 60_000, ...options.pod };
  const pod = await createPod(`${directory.path}/pod`, run, podOptions);
  const clone = await pod.clone();
  if (clone.code !== 0) throw new Error(clone.stderr);
  const prepared = stack.move();
  return {
    agent: agentOfType(options.agent),
    origin,
    model,
    pod,
    again: async (session) => {
      for (const path of ["/home", "/tmp"]) await rm(pod.at(path), { recursive: true, force: true });
      return createPod(
        `${directory.path}/pod`,
        { ...run, resumeSession: session, isInterrupted: true },
        podOptions,
      );
    },
    [Symbol.asyncDispose]: () => prepared.disposeAsync(),
  };
}
