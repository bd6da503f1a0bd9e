import { join } from "node:path";
import { after, before } from "node:test";
import type { AgentProviderSpec } from "../../src/api/agent-provider.ts";
import type { AgentRun, AgentRunSpec } from "../../src/api/agent-run.ts";
import { agentProviders, agentRuns } from "../../src/api/resources.ts";
import type { ModelEndpoint } from "../../src/demo/model-endpoint.ts";
import { startModelEndpoint } from "../../src/demo/model-endpoint.ts";
import type { Scenario } from "../../src/demo/model-scenario.ts";
import { pods, secrets } from "../../src/kube/builtin.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { pathOf } from "../../src/kube/resources.ts";
import { isFinished } from "../../src/plan/agent-run/status.ts";
import { agentFacts } from "../agents/support/agent-facts.ts";
import type { TestCluster, TestClusterOptions } from "./cluster.ts";
import { useCluster } from "./cluster.ts";
import type { GitHttpServer } from "./git-http-server.ts";
import { startGitHttpServer } from "./git-http-server.ts";
import type { GitRepository } from "./git-repository.ts";
import { createGitRepository } from "./git-repository.ts";
import { aProvider, aRun, aSecret } from "./objects.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { waitFor } from "./wait-for.ts";

/** The key that the Secret `credentials` holds. */
export const API_KEY = "sk-test-0123456789";

/** A cluster, a repository and a scripted model: what a run of a real agent needs. */
export interface AgentCluster {
  readonly cluster: TestCluster;
  readonly model: ModelEndpoint;
  readonly repository: GitRepository;
  /** As pods name the repository. */
  readonly repositoryUrl: string;
  /** Creates a run of claude with the provider `scripted`; its prompt chooses the scenario. */
  create(name: string, spec?: Partial<AgentRunSpec>): Promise<AgentRun>;
  /** The run once it is as awaited. Default: ended. */
  until(name: string, condition?: (run: AgentRun) => boolean, timeoutMs?: number): Promise<AgentRun>;
  /** `create` and `until` its end. */
  run(name: string, spec?: Partial<AgentRunSpec>): Promise<AgentRun>;
  /** Resolves when the log of the run's agent holds this. */
  untilSaid(run: string, pattern: RegExp): Promise<void>;
  /** Creates an AgentProvider that sends every agent to the scripted model. */
  provide(name: string, more?: Partial<AgentProviderSpec>): Promise<void>;
  /** Creates any namespaced object in the tests' namespace. */
  add<T extends KubeObject>(type: Parameters<TestCluster["client"]["create"]>[0], object: T): Promise<void>;
}

/** So long that only what hangs takes it. */
const END_MS = 180_000;

/** Registers its own start and clean-up, as `useCluster` does. `scenarios` are chosen by a word of the prompt. */
export function useAgentCluster(
  scenarios: Readonly<Record<string, Scenario>>,
  options: TestClusterOptions = {},
): AgentCluster {
  const stack = new AsyncDisposableStack();
  let model: ModelEndpoint | undefined;
  let repository: GitRepository | undefined;
  let git: GitHttpServer | undefined;
  before(async () => {
    const directory = stack.use(await temporaryDirectory());
    repository = await createGitRepository(join(directory.path, "repository"));
    git = await startGitHttpServer({ root: directory.path });
    model = await startModelEndpoint({ scenario: (prompt) => scenarioFor(scenarios, prompt) });
  });
  const cluster = useCluster({ pods: "here", ...options });
  before(async () => {
    await add(secrets, aSecret("credentials", { "api-key": API_KEY }));
    await provide("scripted");
  });
  after(async () => {
    await model?.close();
    await git?.close();
    await stack.disposeAsync();
  });

  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("it is there from the first test on, not before");
    return value;
  };
  const repositoryUrl = (): string => `${there(git).url}/repository`;
  const add: AgentCluster["add"] = async (type, object) => {
    const metadata = { ...object.metadata, namespace: cluster.namespace };
    await cluster.client.create(type, { ...object, metadata });
  };
  const provide: AgentCluster["provide"] = async (name, more = {}) => {
    const { url } = there(model);
    const addresses = Object.values(agentFacts).map(({ baseUrl }) => [baseUrl, url]);
    const environment = { ...Object.fromEntries(addresses), ...more.environment };
    await add(agentProviders, aProvider(name, { url, secret: "credentials" }, { ...more, environment }));
  };
  const create: AgentCluster["create"] = async (name, spec = {}) => {
    const run = aRun(name, repositoryUrl(), { providerRef: "scripted", timeout: "60s", ...spec });
    const metadata = { ...run.metadata, namespace: cluster.namespace };
    return cluster.client.create(agentRuns, { ...run, metadata });
  };
  const until: AgentCluster["until"] = (name, condition = isFinished, timeoutMs = END_MS) =>
    waitFor(cluster.client, agentRuns, { namespace: cluster.namespace, name }, condition, timeoutMs);
  return {
    cluster,
    get model() {
      return there(model);
    },
    get repository() {
      return there(repository);
    },
    get repositoryUrl() {
      return repositoryUrl();
    },
    create,
    until,
    run: async (name, spec) => {
      await create(name, spec);
      return until(name);
    },
    untilSaid: async (name, pattern) => {
      const { status } = await until(name, (run) => run.status?.podName !== undefined);
      const at = { namespace: cluster.namespace, name: status?.podName ?? "", subresource: "log" };
      const signal = AbortSignal.timeout(END_MS);
      const path = `${pathOf(pods, at)}?container=agent&follow=true`;
      const decoder = new TextDecoder();
      let said = "";
      for await (const chunk of await cluster.client.getStream(path, { signal })) {
        said += decoder.decode(chunk, { stream: true });
        if (pattern.test(said)) return;
      }
      throw new Error(`the agent of ${name} ended without ${pattern}: ${said}`);
    },
    provide,
    add,
  };
}

function scenarioFor(scenarios: Readonly<Record<string, Scenario>>, prompt: string): Scenario {
  const word = Object.keys(scenarios).find((each) => prompt.includes(each));
  const scenario = word === undefined ? undefined : scenarios[word];
  if (scenario === undefined) throw new Error(`no scenario is for the prompt ${prompt}`);
  return scenario;
}
